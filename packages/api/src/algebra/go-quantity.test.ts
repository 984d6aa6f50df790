import { expect, test } from 'vitest';
import { goQuantity } from './go-quantity.ts';

const small = (value: string, scale: number, text: string, format: string): string =>
  `resource.Quantity{i:resource.int64Amount{value:${value}, scale:${scale}}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"${text}", Format:"${format}"}`;

test.each<[string | number | undefined, string]>([
  ['0', small('0', 0, '0', 'DecimalSI')],
  [2, small('2', 0, '2', 'DecimalSI')],
  ['1500m', small('1500', -3, '1500m', 'DecimalSI')],
  ['1000m', small('1000', -3, '', 'DecimalSI')],
  ['0.5', small('5', -1, '', 'DecimalSI')],
  ['-3', small('-3', 0, '-3', 'DecimalSI')],
  ['1Gi', small('1073741824', 0, '1Gi', 'BinarySI')],
  ['8Ki', small('8192', 0, '', 'BinarySI')],
  ['12e3', small('12', 3, '12e3', 'DecimalExponent')],
  [
    '1.5Gi',
    'resource.Quantity{i:resource.int64Amount{value:0, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(0x0)}, s:"", Format:"BinarySI"}',
  ],
  ['x', small('0', 0, '', '')],
  [undefined, small('0', 0, '', '')],
])('%j', (text, shown) => expect(goQuantity(text).text).toBe(shown));
