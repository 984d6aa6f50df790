/** Secrets of every kind, and whether the server's log holds any, by the numbers of the list of hostile inputs. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectUnharmed } from './testing/invariants.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let at: TestServer;
beforeAll(async () => {
  at = await startTestServer();
  await at.create(`${core}/serviceaccounts`, { metadata: { name: 'default' } });
});
afterAll(() => at.close());
expectUnharmed(() => at);

const core = '/api/v1/namespaces/default';
const secret = 'c0ffee-is-no-secret';
const types = {
  json: 'application/json',
  merge: 'application/merge-patch+json',
  yaml: 'application/yaml',
  patch: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
const send = (method: string, path: string, body: string, type: keyof typeof types = 'json') =>
  at.request(path, { method, body, headers: { 'content-type': types[type] } });

it('H-251 H-253 nothing secret of a request is logged at any level, whether it is taken or refused', async () => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': secret };
  const container = { name: 'c', image: 'i', args: [secret], env: [{ name: 'A', value: secret }] };
  const pod = JSON.stringify({ metadata: { name: 'p', annotations }, spec: { containers: [container] } });
  await send(
    'POST',
    `${core}/secrets`,
    JSON.stringify({ metadata: { name: 's', annotations }, stringData: { secret } }),
  );
  await send('POST', `${core}/pods`, pod);
  for (const [method, path, body, type] of [
    ['PATCH', `${core}/secrets/s`, `{"stringData":{"${secret}"`, 'merge'],
    ['PATCH', `${core}/secrets/s`, `{"stringData":{"a b":"${secret}"}}`, 'merge'],
    ['PATCH', `${core}/secrets/s`, `[{"op":"replace","path":"/data/a","value":"${secret}"`, 'patch'],
    ['PATCH', `${core}/secrets/s`, `[{"op":"test","path":"/data/a","value":"${secret}"}]`, 'patch'],
    ['PATCH', `${core}/secrets/s`, `{"data":"${secret}`, 'strategic'],
    ['PATCH', `${core}/secrets/s?fieldManager=m`, `data: {a: "${secret}\0`, 'apply'],
    ['PATCH', `${core}/secrets/s`, `\u0001${secret}`, 'apply'],
    ['POST', `${core}/secrets`, `{"metadata":{"name":"s"},"stringData":{"a":"${secret}"}}`, 'json'],
    ['POST', `${core}/secrets`, `stringData: {a: ${secret}`, 'yaml'],
    ['POST', `${core}/pods?fieldValidation=Strict`, pod.replace('"args"', '"argv"'), 'json'],
    ['POST', `${core}/serviceaccounts/default/token`, '{"spec":{"audiences":["a"]}}', 'json'],
  ] as const)
    await send(method, path, body, type);
  for (const headers of [
    { authorization: `Bearer ${secret}` },
    { authorization: `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}` },
  ])
    expect((await at.request(`${core}/pods?token=${secret}`, { headers, as: undefined })).status).toBe(401);
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-protocol': `base64url.bearer.authorization.k8s.io.${secret}`,
  };
  await at.request(`${core}/pods/p/exec?command=${secret}&stdout=1&token=${secret}`, { headers: upgrade });
  const { token } = JSON.parse(
    (await send('POST', `${core}/serviceaccounts/default/token`, '{"spec":{}}')).text,
  ).status;
  await at.request(`${core}/pods`, { headers: { authorization: `Bearer ${token}` }, as: undefined });
  const log = at.log.join('\n');
  for (const one of [secret, Buffer.from(secret).toString('base64'), token, token.split('.')[2]])
    expect(log).not.toContain(one);
});
