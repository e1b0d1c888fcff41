import { file } from '@vault-swarm/file';
import { fileLedger, Rotator } from '@vault-swarm/rotator';
import { vault } from '@vault-swarm/vault';
import { openPool } from './pool.ts';

const { VAULT_ADDR = 'http://127.0.0.1:8200', VAULT_TOKEN = 'root', KEYS = '/run/keys' } = process.env;
const rotator = await Rotator.open({
  providers: [vault({ address: VAULT_ADDR, token: VAULT_TOKEN }), file({ directory: KEYS })],
  ledger: fileLedger('ledger.json'),
  interval: '1s',
});
rotator.on('rotated', ({ secrets }) => console.log(`rotated: ${secrets}`));
rotator.on('rolled-back', ({ secrets }) => console.log(`rolled back: ${secrets}`));
rotator.on('failed', ({ message }) => console.log(message));
const pools = rotator.group('pools', {
  size: 50,
  parallel: 5,
  secrets: { password: { vault_path: 'shop/db', vault_field: 'password' }, key: { file_path: 'api-key' } },
  start: ({ secrets, fail }) => openPool(secrets.password.revealText(), secrets.key.revealText(), fail),
  stop: (pool) => pool.end(),
});
await pools.settled();
console.log(`${pools.workers.length} pools are connected`);
