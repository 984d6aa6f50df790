import type { JoinResponse } from '@skiff/api/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectMeasuredUnharmed } from '../http/testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from '../http/testing/measured.ts';
import { createRequest } from '../pki/authority.ts';
import { clients } from './testing/clients.ts';

type Renew = (request: object, done: (error: Error | null, signed: JoinResponse) => void) => void;

const turnMs = 50;

let at: MeasuredServer;
beforeAll(async () => {
  at = await startMeasuredServer();
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

it('a crowd that wants certificates lets others have their turn', async () => {
  const [commonName, organizations] = ['system:node:n', ['system:nodes']];
  const { csrPem } = await createRequest({ commonName, organizations });
  const client = at.grpc<{ Renew: Renew }>(clients.Nodes, await at.issue(commonName, organizations));
  const renew = (): Promise<JoinResponse> =>
    new Promise((resolve, reject) => {
      client.Renew({ csrPem }, (error, signed) => (error === null ? resolve(signed) : reject(error)));
    });
  const crowd = () => Promise.all(Array.from({ length: 200 }, renew));
  expect(await at.longestTurn(crowd, turnMs)).toBeLessThan(turnMs);
});
