import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { JsonObject } from '@skiff/api';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AdmissionRequest } from '../registry/contract.ts';
import type { Authoriser, ResourceAttributes } from './attributes.ts';
import { signersStep } from './signers.ts';

x509.cryptoProvider.set(webcrypto as unknown as Crypto);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const client = 'kubernetes.io/kube-apiserver-client';

async function requestOf(name: string): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    ...{ name, signingAlgorithm: algorithm },
    keys: keys as unknown as x509.Pkcs10CertificateRequestCreateParams['keys'],
  });
  return Buffer.from(made.toString('pem')).toString('base64');
}

/** Allows what is listed as `verb name`. */
const allowing = (...rights: string[]): Authoriser => ({
  decide: (_user, attributes) => {
    const { verb, name, resource, group } = attributes as ResourceAttributes;
    const isSigner = resource === 'signers' && group === 'certificates.k8s.io';
    return { verdict: isSigner && rights.includes(`${verb} ${name}`) ? 'allow' : 'no-opinion', reason: '' };
  },
});

const asked = (operation: 'CREATE' | 'UPDATE', subresource: string, object: JsonObject, oldObject?: JsonObject) =>
  ({
    ...{ operation, object, oldObject, dryRun: false, context: { user: { name: 'jane' } } },
    target: { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', subresource, name: 'c' },
  }) as unknown as AdmissionRequest;

const run = async (authoriser: Authoriser, request: AdmissionRequest): Promise<string> => {
  try {
    await signersStep(() => authoriser).validate?.(request);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

const csr = (signerName: string, status: JsonObject = {}, request = ''): JsonObject => ({
  ...{ metadata: { name: 'c' }, spec: { signerName, request }, status },
});

describe('approval and signing', () => {
  const approved = { conditions: [{ type: 'Approved', status: 'True' }] };
  it.each<[string, string, JsonObject, string[], string]>([
    ['approval by name', 'approval', approved, ['approve a.io/b'], ''],
    ['approval by domain', 'approval', approved, ['approve a.io/*'], ''],
    [
      'approval by who may sign',
      'approval',
      approved,
      ['sign a.io/b'],
      'user not permitted to approve requests with signerName "a.io/b"',
    ],
    ['signing by name', 'status', { certificate: 'eA==' }, ['sign a.io/b'], ''],
    [
      'signing by nobody',
      'status',
      { certificate: 'eA==' },
      [],
      'user not permitted to sign requests with signerName "a.io/b"',
    ],
    [
      'failing it by nobody',
      'status',
      { conditions: [{ type: 'Failed' }] },
      [],
      'user not permitted to sign requests with signerName "a.io/b"',
    ],
    ['noting something', 'status', {}, [], ''],
  ])('%s', async (_what, subresource, status, rights, why) => {
    // What is written cannot choose another signer.
    const request = asked('UPDATE', subresource, csr('mine.io/x', status), csr('a.io/b'));
    const expected = why === '' ? '' : `certificatesigningrequests.certificates.k8s.io "c" is forbidden: ${why}`;
    expect(await run(allowing(...rights, 'sign mine.io/x', 'approve mine.io/x'), request)).toBe(expected);
  });
});

describe('a new request', () => {
  let jane = '';
  let master = '';
  beforeAll(async () => {
    [jane, master] = await Promise.all([requestOf('CN=jane,O=devs'), requestOf('CN=jane,O=system:masters')]);
  });
  const create = (signer: string, request: string) => run(allowing(), asked('CREATE', '', csr(signer, {}, request)));

  it('that is sound passes, and for another signer may name any group', async () => {
    expect([await create(client, jane), await create('a.io/b', master)]).toEqual(['', '']);
  });

  it('may not make an administrator', async () => {
    expect(await create(client, master)).toContain(
      'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    );
  });

  it('that cannot be read makes no administrator', async () => {
    expect(await create(client, 'bm9uZQ==')).toContain('is forbidden: failed to parse CSR: ');
  });
});
