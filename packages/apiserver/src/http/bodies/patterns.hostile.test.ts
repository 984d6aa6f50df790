/** Texts of the worst case for the patterns that read them, by the numbers of the list of hostile inputs. */
import { expect, it } from 'vitest';
import { configMap, configMaps, core, pod, pods, serverOfThings, thing, things, turnMs } from '../testing/bodies.ts';
import type { Reply } from '../testing/server.ts';

const at = serverOfThings();
const { post } = at;

const mega = 1024 * 1024;
it.each<[string, () => Promise<Reply>]>([
  [
    'a label selector',
    () => at.request(`${configMaps}?labelSelector=${encodeURIComponent(`${'a'.repeat(200_000)}!`)}`),
  ],
  ['a selector of commas', () => at.request(`${configMaps}?labelSelector=${','.repeat(200_000)}`)],
  ['a selector of brackets', () => at.request(`${configMaps}?labelSelector=a+in+(${'b,'.repeat(100_000)}`)],
  ['a field selector', () => at.request(`${configMaps}?fieldSelector=${'\\\\'.repeat(100_000)}`)],
  ['a name', () => post(configMaps, configMap(`${'a-'.repeat(mega / 2)}`))],
  ['a label value', () => post(configMaps, `{"metadata":{"name":"p","labels":{"a":"${'a.'.repeat(mega / 2)}"}}}`)],
  [
    'an annotation key',
    () => post(configMaps, `{"metadata":{"name":"p","annotations":{"${'a.'.repeat(mega / 2)}/":"a"}}}`),
  ],
  ['a data key', () => post(configMaps, configMap('p', `,"data":{"${'.'.repeat(mega)}":"a"}`))],
  [
    'a quantity',
    () =>
      post(
        pods,
        pod('p', `"initContainers":[{"name":"i","image":"i","resources":{"limits":{"cpu":"${'1'.repeat(mega)}"}}}],`),
      ),
  ],
  [
    'an image of spaces',
    () => post(pods, pod('p', `"initContainers":[{"name":"i","image":"${' '.repeat(50_000)}y"}],`)),
  ],
  [
    'a schedule',
    () =>
      post(
        '/apis/batch/v1/namespaces/default/cronjobs',
        `{"metadata":{"name":"p"},"spec":{"schedule":"${'*/1,'.repeat(mega / 4)} * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}`,
      ),
  ],
  [
    'a schedule of spaces',
    () =>
      post(
        '/apis/batch/v1/namespaces/default/cronjobs',
        `{"metadata":{"name":"p"},"spec":{"schedule":"*${' '.repeat(50_000)}x","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}`,
      ),
  ],
  [
    'a host',
    () =>
      post(
        '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
        `{"metadata":{"name":"p"},"spec":{"rules":[{"host":"${'a-.'.repeat(mega / 3)}"}]}}`,
      ),
  ],
  [
    'an address',
    () =>
      post(
        `${core}/services`,
        `{"metadata":{"name":"p"},"spec":{"ports":[{"port":1}],"externalIPs":["${'1:'.repeat(mega / 2)}"]}}`,
      ),
  ],
  ['a pattern of a custom resource', () => post(things, thing('p', `{"slow":"${'a'.repeat(50_000)}!"}`))],
  ['a duration', () => at.request(`${configMaps}?timeout=${'1h'.repeat(100_000)}`)],
  ['a media type', () => at.request(configMaps, { headers: { accept: `a/b;${'x="'.repeat(100_000)}` } })],
])('H-091 %s of its worst case is refused at once', async (_, send) => {
  let reply: Reply | undefined;
  expect(await at.longestTurn(async () => (reply = await send()), turnMs)).toBeLessThan(turnMs);
  expect([400, 406, 422], (reply as Reply).text.slice(0, 200)).toContain((reply as Reply).status);
  expect((reply as Reply).text.length).toBeLessThan(8 * mega);
});
