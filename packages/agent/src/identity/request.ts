/** A key of the agent's own, and the request for a certificate for it (PKCS#10, RFC 2986). ECDSA P-256. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Name, PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** PEM texts; the key is PKCS#8 and leaves this process only into its own file. */
export async function createNodeRequest(
  nodeName: string,
): Promise<{ readonly csrPem: string; readonly keyPem: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: new Name([{ O: ['system:nodes'] }, { CN: [`system:node:${nodeName}`] }]),
      keys,
      signingAlgorithm: algorithm,
    },
    webcrypto as Crypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { csrPem: `${request.toString('pem')}\n`, keyPem: `${PemConverter.encode(key, 'PRIVATE KEY')}\n` };
}
