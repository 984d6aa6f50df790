import { realClock } from '@skiff/api';
import { createSeededRandom, silentLogger } from '../../registry/testing.ts';
import { storeSuite } from '../suite.ts';
import { startEtcd } from '../testing/etcd.ts';
import { createEtcdStore } from './store.ts';

async function open(flags: readonly string[]) {
  const etcd = await startEtcd(flags);
  const parts = { clock: realClock, random: createSeededRandom(), logger: silentLogger };
  const store = await createEtcdStore({ ...parts, endpoints: [etcd.endpoint] });
  return {
    store,
    async close() {
      await store.close();
      await etcd.remove();
    },
  };
}

storeSuite('etcd', () => open([]));
// Shared transactions are refused there and taken apart.
storeSuite('etcd with narrow limits', () => open(['--max-txn-ops', '5', '--max-request-bytes', '400000']));
