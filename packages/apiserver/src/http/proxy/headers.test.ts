import { describe, expect, it } from 'vitest';
import { answerHeaders, requestHeaders } from './headers.ts';

const forwarded = { from: '10.0.0.9', uri: '/api/v1/namespaces/d/pods/p/proxy/x' };
const sent = (...raw: string[]) => Object.fromEntries(requestHeaders(raw, 'api:6443', forwarded));

describe('a request', () => {
  it('says for whom it comes', () =>
    expect(sent('Accept', 'a/b', 'Cookie', 'c=d')).toEqual({
      ...{ Host: 'api:6443', Accept: 'a/b', Cookie: 'c=d' },
      ...{ 'X-Forwarded-For': '10.0.0.9', 'X-Forwarded-Uri': forwarded.uri },
    }));

  it('H-252 adds to the chain of forwarders, and lets nobody name the URI', () =>
    expect(sent('X-Forwarded-For', '1.2.3.4', 'x-forwarded-uri', '/evil')).toMatchObject({
      ...{ 'X-Forwarded-For': '1.2.3.4, 10.0.0.9', 'X-Forwarded-Uri': forwarded.uri },
    }));

  it('H-198 carries no credential and nothing that is about one connection', () => {
    const names = Object.keys(
      sent(
        ...['Authorization', 'Bearer t', 'Impersonate-User', 'u', 'Impersonate-Extra-X', 'y', 'X-Remote-User', 'r'],
        ...[
          'Connection',
          'keep-alive, X-Private',
          'X-Private',
          '1',
          'Keep-Alive',
          '5',
          'TE',
          'trailers',
          'Trailer',
          'a',
        ],
        ...[
          'Transfer-Encoding',
          'chunked',
          'Upgrade',
          'h2c',
          'Proxy-Authorization',
          'Basic x',
          ':path',
          '/',
          'Host',
          'a',
        ],
      ),
    );
    expect(names).toEqual(['Host', 'X-Forwarded-For', 'X-Forwarded-Uri']);
  });

  it('carries WebSocket protocols, but no token among them', () => {
    const name = 'Sec-WebSocket-Protocol';
    expect(sent(name, 'base64url.bearer.authorization.k8s.io.dG9r, chat')[name]).toBe('chat');
    expect(sent(name, 'base64url.bearer.authorization.k8s.io.dG9r')[name]).toBeUndefined();
  });
});

it('an answer keeps repeated headers, and opens the API to no other origin', () => {
  const raw = [
    'Set-Cookie',
    'a=1',
    'Set-Cookie',
    'b=2',
    'Connection',
    'close',
    'Access-Control-Allow-Origin',
    '*',
    'X',
    'y',
  ];
  expect([...answerHeaders(raw)]).toEqual([
    ['set-cookie', ['a=1', 'b=2']],
    ['x', ['y']],
  ]);
});
