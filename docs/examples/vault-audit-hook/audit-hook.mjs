// Reads Vault's audit file as it grows, and posts a signed hook to the plugin after each write of a secret.
// Vault itself only writes the file: if this program stops or hangs, Vault does not notice it.
import { createHmac, randomUUID } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const {
  AUDIT_FILE = '/vault/audit/audit.log',
  HOOK_URL,
  HOOK_SECRET_FILE = '/run/secrets/vault-audit-hook',
} = process.env;
if (HOOK_URL === undefined)
  throw new Error('set HOOK_URL, for example to http://manager-1:8080/api/v1/hooks/vault-audit');

const LOOK_EVERY_MS = 200;
/** One hook stands for all writes within this time. */
const PAUSE_MS = 1_000;
/** A longer line is no audit entry. */
const MAX_LINE = 1024 * 1024;
const WRITES = new Set(['create', 'update', 'patch', 'delete']);

/** Whether a line of the audit file is the response to a successful write of a key-value secret. */
function isWrite(line) {
  try {
    const { type, error, request } = JSON.parse(line);
    return type === 'response' && !error && request.mount_type === 'kv' && WRITES.has(request.operation);
  } catch {
    return false;
  }
}

async function post() {
  const key = Buffer.from((await readFile(HOOK_SECRET_FILE, 'utf8')).trim().replace(/^whsec_/, ''), 'base64');
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const body = '{"type":"vault.secret.written"}';
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
  const response = await fetch(HOOK_URL, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
  await response.body?.cancel();
  if (response.status !== 202) throw new Error(`the plugin answered ${response.status}`);
}

/** Posts one hook; a failed one is repeated twice. The plugin's next poll finds the change in any case. */
async function notify() {
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      return await post();
    } catch (error) {
      process.stderr.write(`the hook was not accepted: ${error.cause?.message ?? error.message}\n`);
      await sleep(PAUSE_MS * attempt);
    }
  }
}

/** The audit file that is read, how far it was read, and the beginning of a line whose end is not there yet. */
let current = null;

async function openFile(offset) {
  const handle = await open(AUDIT_FILE);
  const { ino, size } = await handle.stat();
  return { handle, ino, offset: offset ?? size, rest: '' };
}

/**
 * The new complete lines. After log rotation has renamed the file, Vault writes to it until it gets SIGHUP. So the
 * renamed file is read until there is a new one.
 */
async function newLines() {
  current ??= await openFile(0);
  const { ino } = await stat(AUDIT_FILE).catch(() => current);
  const { size } = await current.handle.stat();
  if (size < current.offset) Object.assign(current, { offset: 0, rest: '' });
  const { bytesRead, buffer } = await current.handle.read(Buffer.alloc(MAX_LINE), 0, MAX_LINE, current.offset);
  if (bytesRead === 0 && ino !== current.ino) {
    await current.handle.close();
    current = null;
    return newLines();
  }
  current.offset += bytesRead;
  const lines = (current.rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
  const rest = lines.pop() ?? '';
  current.rest = rest.length > MAX_LINE ? '' : rest;
  return lines;
}

// Writes from before the start are not reported.
current = await openFile().catch(() => null);
process.once('SIGTERM', () => process.exit(0));
process.stderr.write(`reading ${AUDIT_FILE}\n`);
for (;;) {
  // The file may not exist yet, or not for a moment.
  const lines = await newLines().catch(() => []);
  if (lines.some(isWrite)) {
    await notify();
    await sleep(PAUSE_MS);
  } else {
    await sleep(LOOK_EVERY_MS);
  }
}
