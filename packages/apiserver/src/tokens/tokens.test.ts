/** Service account tokens through the REST door: asked for, used, refused. */
import { generateKeyPairSync } from 'node:crypto';
import type { JsonObject } from '@skiff/api';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../http/testing/server.ts';
import { claimsFromJson, claimsToJson } from './claims.ts';

let at: TestServer;
const issuer = 'https://kubernetes.default.svc.cluster.local';

beforeAll(async () => {
  at = await startTestServer();
  await at.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'bot' } });
  await at.create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
    metadata: { name: 'reader' },
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] }],
  });
  await at.create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'bot', namespace: 'default' }],
  });
});
afterAll(() => at.close());

const ask = (spec: JsonObject, account = 'bot') =>
  at.create(`/api/v1/namespaces/default/serviceaccounts/${account}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec,
  });

async function tokenOf(spec: JsonObject = {}): Promise<string> {
  const answer = await ask(spec);
  expect(answer.status).toBe(201);
  return (JSON.parse(answer.text) as { status: { token: string } }).status.token;
}

const listAs = async (token: string, path = '/api/v1/namespaces/default/configmaps') =>
  at.request(path, { as: undefined, headers: { authorization: `Bearer ${token}` } });

const payloadOf = (token: string): JsonObject =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JsonObject;

describe('a token', () => {
  test('lets its bearer do what the account may, and no more', async () => {
    const token = await tokenOf();
    expect((await listAs(token)).status).toBe(200);
    const refused = await listAs(token, '/api/v1/namespaces/default/secrets');
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('system:serviceaccount:default:bot');
  });

  test('says what Kubernetes’ tokens say', async () => {
    const payload = payloadOf(await tokenOf({ expirationSeconds: 1200 }));
    expect(payload).toMatchObject({
      ...{ iss: issuer, aud: [issuer], sub: 'system:serviceaccount:default:bot' },
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'bot' } },
    });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(1200);
  });

  test('H-143: too short, too long, or bound to a kind that is not there is Invalid', async () => {
    for (const expirationSeconds of [599, 2 ** 32 + 1]) expect((await ask({ expirationSeconds })).status).toBe(422);
    expect((await ask({ boundObjectRef: { kind: 'Deployment', apiVersion: 'apps/v1', name: 'x' } })).status).toBe(422);
  });

  test('for an account or an object that does not exist is NotFound', async () => {
    expect((await ask({}, 'nobody')).status).toBe(404);
    expect((await ask({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'none' } })).status).toBe(404);
  });

  test('for another audience opens nothing here', async () => {
    expect((await listAs(await tokenOf({ audiences: ['vault'] }))).status).toBe(401);
  });

  test('H-142: dies with what it is bound to, also when that is made anew under its name', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';
    await at.create(secrets, { metadata: { name: 'bound' } });
    const token = await tokenOf({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'bound' } });
    expect((await listAs(token)).status).toBe(200);
    await at.request(`${secrets}/bound`, { method: 'DELETE' });
    expect((await listAs(token)).status).toBe(401);
    await at.create(secrets, { metadata: { name: 'bound' } });
    expect((await listAs(token)).status).toBe(401);
  });

  test('H-142: of an account that is gone, or is made anew, or of a pod that is', async () => {
    const [accounts, pods] = ['serviceaccounts', 'pods'].map((each) => `/api/v1/namespaces/default/${each}`);
    const pod = {
      metadata: { name: 'p' },
      spec: { serviceAccountName: 'bot', containers: [{ name: 'c', image: 'i' }] },
    };
    expect((await at.create(`${pods}`, pod)).status).toBe(201);
    const ofPod = await tokenOf({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } });
    const token = await tokenOf();
    expect([(await listAs(ofPod)).status, (await listAs(token)).status]).toEqual([200, 200]);
    await at.request(`${pods}/p?gracePeriodSeconds=0`, { method: 'DELETE' });
    expect([(await listAs(ofPod)).status, (await listAs(token)).status]).toEqual([401, 200]);
    expect((await at.create(`${pods}`, pod)).status).toBe(201);
    expect((await listAs(ofPod)).status).toBe(401);
    await at.request(`${accounts}/bot`, { method: 'DELETE' });
    expect((await listAs(token)).status).toBe(401);
    await at.create(`${accounts}`, { metadata: { name: 'bot' } });
    expect((await listAs(token)).status).toBe(401);
  });

  test('a reference with another uid is a Conflict', async () => {
    const boundObjectRef = { kind: 'Secret', apiVersion: 'v1', name: 'bound', uid: 'other' };
    expect((await ask({ boundObjectRef })).status).toBe(409);
  });
});

describe('H-141: a forged token is Unauthorized', () => {
  const claims = (change: object = {}): JsonObject => {
    const now = Math.floor(Date.now() / 1000);
    const subject = { namespace: 'default', serviceAccount: { name: 'bot', uid: 'x' } };
    return {
      ...claimsToJson({ issuer, audiences: [issuer], issuedAt: now, expiresAt: now + 600, id: 'i', subject }),
      ...change,
    };
  };
  const unsigned = (header: object, payload: object): string =>
    [...[header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), ''].join('.');
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const signed = (payload: JsonObject, header: object = {}) =>
    new SignJWT(payload).setProtectedHeader({ alg: 'RS256', ...header }).sign(stranger);

  test.each([
    ['alg none', async () => unsigned({ alg: 'none' }, claims())],
    [
      'HS256 with the public key as secret',
      async () =>
        new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(JSON.stringify(await keys()))),
    ],
    ['another key', () => signed(claims())],
    ['a kid that is a path', () => signed(claims(), { kid: '../../etc/passwd' })],
    ['expired', () => signed(claims({ exp: 1 }))],
    ['another issuer', () => signed(claims({ iss: 'https://elsewhere' }))],
    ['a million bytes', () => signed(claims({ filler: 'x'.repeat(1_000_000) }))],
    [
      'a changed payload',
      async () => {
        const [header, , signature] = (await tokenOf()).split('.');
        return `${header}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.${signature}`;
      },
    ],
    ['no token at all', async () => 'a.b.c'],
  ])('%s', async (_, make) => {
    const { status, text } = await listAs(await make()).catch(() => ({ status: 431, text: '' }));
    expect([401, 431]).toContain(status);
    expect(text).not.toContain('configmaps');
  });
});

const keys = async (): Promise<JsonObject> => JSON.parse((await at.request('/openid/v1/jwks')).text) as JsonObject;

test('the key set and the discovery document are there for verifiers', async () => {
  expect(await keys()).toMatchObject({ keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig' }] });
  const { text } = await at.request('/.well-known/openid-configuration');
  expect(JSON.parse(text)).toMatchObject({ issuer, id_token_signing_alg_values_supported: ['RS256'] });
});

describe('a TokenReview', () => {
  const review = (spec: JsonObject) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
    return at.create('/apis/authentication.k8s.io/v1/tokenreviews', body);
  };
  const statusOf = async (spec: JsonObject) => (JSON.parse((await review(spec)).text) as JsonObject).status;

  test('knows a good token from a bad one', async () => {
    expect(await statusOf({ token: await tokenOf() })).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:bot' },
      audiences: [issuer],
    });
    for (const token of ['a.b.c', 'abcdef.0123456789abcdef', 'x'])
      expect(await statusOf({ token })).toEqual({ user: {}, error: 'invalid bearer token' });
  });

  test('holds a token against the audiences that its asker names', async () => {
    const token = await tokenOf({ audiences: ['vault', 'other'] });
    expect(await statusOf({ token, audiences: ['istio-ca', 'vault'] })).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
    });
    expect(await statusOf({ token, audiences: ['istio-ca'] })).toEqual({ user: {}, error: 'invalid bearer token' });
    expect(await statusOf({ token })).toEqual({ user: {}, error: 'invalid bearer token' });
    expect((await listAs(token)).status).toBe(401);
  });

  test('needs a token', async () => {
    expect(await review({})).toMatchObject({
      status: 400,
      text: expect.stringContaining('token is required for TokenReview in authentication'),
    });
  });
});

test('claims survive their JSON', () => {
  const claims = {
    ...{ issuer, audiences: ['a', 'b'], issuedAt: 10, expiresAt: 20, id: 'id' },
    subject: {
      namespace: 'n',
      serviceAccount: { name: 's', uid: '1' },
      pod: { name: 'p', uid: '2' },
      node: { name: 'o', uid: '3' },
    },
  };
  expect(claimsFromJson(claimsToJson(claims))).toEqual(claims);
});
