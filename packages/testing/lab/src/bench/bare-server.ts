import { join } from 'node:path';
import { DriverClient } from './driver-client.ts';
import { OWN_LABELS, parseLabelTemplate } from './label-template.ts';
import { type ProcessGroup, spawnGroup } from './process-group.ts';
import { firstAnswer } from './target.ts';

/** A minimal Node HTTP server, with a driver client for its socket. */
export interface BareServer extends Pick<ProcessGroup, 'pids' | 'stop'> {
  readonly client: DriverClient;
  /** From its exec to its first answer, in milliseconds. */
  readonly startMs: number;
}

/** The programs of bare servers. */
export const BARE_SERVER = {
  /** The minimum of a driver on Node. */
  answersAtOnce:
    "require('node:http').createServer((_, answer) => answer.end('secretprovider')).listen(process.argv[1])",
  /** Reads the request, and answers a constant with the headers of a driver. */
  answersConstant:
    "const body = Buffer.from(JSON.stringify({ Value: Buffer.from('secretprovider, constant').toString('base64'), DoNotReuse: true, is: 'secretprovider' }));" +
    "require('node:http').createServer((request, answer) => { request.resume();" +
    "answer.writeHead(200, { 'Content-Type': 'application/vnd.docker.plugins.v1.1+json', 'Content-Length': body.byteLength });" +
    'answer.end(body); }).listen(process.argv[1])',
} as const;

/** Starts a server in a directory of its own. Resolves when it has answered. */
export async function startBareServer(dir: string, code: string): Promise<BareServer> {
  const socketPath = join(dir, 'bare.sock');
  const command = `exec '${process.execPath}' --max-semi-space-size=2 -e "$0" '${socketPath}'`;
  const { startedMs, logPath, hasEnded, pids, stop } = await spawnGroup('/bin/sh', ['-c', command, code], dir, {});
  const client = new DriverClient(socketPath, parseLabelTemplate(OWN_LABELS));
  const end = async () => {
    client.close();
    await stop();
  };
  try {
    const startMs = await firstAnswer(client, startedMs, logPath, hasEnded);
    return { client, startMs, pids, stop: end };
  } catch (error) {
    await end();
    throw error;
  }
}
