import { describe, expect, it } from 'vitest';
import { isProxyable, parseProxyId } from './id.ts';

describe('the name in a proxy path', () => {
  it.each([
    ['web', { secure: false, name: 'web', port: '' }],
    ['web:80', { secure: false, name: 'web', port: '80' }],
    ['web:', { secure: false, name: 'web', port: '' }],
    ['http:web:main', { secure: false, name: 'web', port: 'main' }],
    ['https:web:443', { secure: true, name: 'web', port: '443' }],
    ['https:web:', { secure: true, name: 'web', port: '' }],
    [':web:80', { secure: false, name: 'web', port: '80' }],
  ])('%s', (id, expected) => expect(parseProxyId(id, 'pod')).toEqual(expected));

  it.each(['', ':80', 'ftp:web:80', 'a:b:c:d', 'https::80', 'HTTPS:web:1'])('%j is refused', (id) =>
    expect(() => parseProxyId(id, 'service')).toThrow(`invalid service request ${JSON.stringify(id)}`),
  );
});

describe('H-197 addresses', () => {
  it.each(['10.1.2.3', '192.168.0.1', '8.8.8.8', 'fd00::1', '2001:db8::2', '::ffff:10.0.0.1'])(
    '%s may be reached',
    (ip) => expect(isProxyable(ip)).toBe(true),
  );

  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '239.255.255.250',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '',
    'localhost',
    '010.0.0.1',
  ])('%j may not', (ip) => expect(isProxyable(ip)).toBe(false));
});
