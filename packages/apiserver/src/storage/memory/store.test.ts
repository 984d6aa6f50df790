import { storeSuite } from '../suite.ts';
import { createMemoryStore } from './store.ts';

storeSuite('memory', async () => {
  const store = createMemoryStore();
  return { store, close: () => store.close() };
});
