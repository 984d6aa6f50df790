/** A client with the administrator's certificate of a cluster on this machine. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '@skiff/api';
import type { SkiffClient } from '@skiff/client';
import { connect } from '@skiff/client/connect';
import { caFile, grpcAddress, keyPair } from './components.ts';
import type { ClusterConfig } from './layout.ts';
import { quiet } from './quiet.ts';

export async function connectAsAdmin(config: ClusterConfig, clock: Clock): Promise<SkiffClient> {
  const pair = keyPair(config, 'admin');
  const [ca, cert, key] = await Promise.all(
    [caFile(config), pair.certificateFile, pair.keyFile].map((file) => readFile(file, 'utf8')),
  );
  return connect({
    userAgent: 'skiff/local',
    endpoints: [grpcAddress(config)],
    tls: { ca: ca ?? '', cert: cert ?? '', key: key ?? '' },
    clock,
    random: Math.random,
    logger: quiet,
  });
}
