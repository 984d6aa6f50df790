import { expect, test } from 'vitest';
import { cidrContains, ipBits, ipFamily, ipText, isCidr } from './ip.ts';

test('addresses have one reading', () => {
  expect(['10.0.0.1', '::1', '::ffff:127.0.0.1'].map(ipFamily)).toEqual([4, 6, undefined]);
  for (const wrong of ['010.0.0.1', '127.1', '0x7f.1', '1.2.3', 'fe80::1%eth0', '', '10.0.0.256']) {
    expect(ipFamily(wrong), wrong).toBeUndefined();
    expect(ipBits(wrong), wrong).toBeUndefined();
  }
});

test('bits', () => {
  expect(ipBits('10.1.2.3')).toEqual({ family: 4, bits: 0x0a010203n });
  expect(ipBits('2001:db8::1')).toEqual({ family: 6, bits: 0x20010db8000000000000000000000001n });
  expect(ipBits('::ffff:127.0.0.1')).toEqual({ family: 6, bits: 0xffff7f000001n });
  expect(ipBits('::')).toEqual({ family: 6, bits: 0n });
});

test('canonical text', () => {
  const again = (text: string) => {
    const { family, bits } = ipBits(text) ?? { family: 4 as const, bits: 0n };
    return ipText(family, bits);
  };
  for (const text of [
    '10.1.2.3',
    '::',
    '::1',
    '2001:db8::',
    'fe80::10:0:0:1',
    '1:0:2::3',
    '::ffff:10.0.0.1',
    '1:2:3:4:5:6:7:8',
  ]) {
    expect(again(text)).toBe(text);
  }
  expect(again('2001:DB8:0:0::0a')).toBe('2001:db8::a');
  expect(again('1:0:0:2:0:0:0:3')).toBe('1:0:0:2::3');
  expect(again('0:0:1:10:0:0:2:3')).toBe('::1:10:0:0:2:3');
});

test('ranges', () => {
  expect(['10.0.0.0/8', '::/0', '10.0.0.1/32'].every(isCidr)).toBe(true);
  expect(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', '::/129', 'a/8', '10.0.0.0/8/8'].some(isCidr)).toBe(false);
  expect(cidrContains('10.0.0.0/8', '10.1.0.0/16')).toBe(true);
  expect(cidrContains('10.0.0.0/16', '10.1.0.0/16')).toBe(false);
  expect(cidrContains('10.1.0.0/16', '10.0.0.0/8')).toBe(false);
  expect(cidrContains('2001:db8::/32', '2001:db8:1::/48')).toBe(true);
  expect(cidrContains('::/0', '10.0.0.0/8')).toBe(false);
  expect(cidrContains('0.0.0.0/0', '10.0.0.0/8')).toBe(true);
});
