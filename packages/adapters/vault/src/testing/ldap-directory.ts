import { createServer, type Socket } from 'node:net';
import { listenOn } from './listening.ts';

/** A directory of accounts that speaks as much LDAP as Vault's login needs. */
export interface LdapDirectory {
  readonly url: string;
  /** The password of an account that Vault asks for by its distinguished name. */
  setPassword(dn: string, password: string): void;
  close(): Promise<void>;
}

const SUCCESS = 0;
const INVALID_CREDENTIALS = 49;

/** Starts one on a port of its own. */
export async function startLdapDirectory(): Promise<LdapDirectory> {
  const passwords = new Map<string, string>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        const message = readElement(received);
        if (message === null) return;
        received = received.subarray(message.length);
        for (const answer of answersTo(message.content, passwords)) socket.write(answer);
      }
    });
  });
  const port = await listenOn(server);
  return {
    url: `ldap://127.0.0.1:${port}`,
    setPassword: (dn, password) => passwords.set(dn, password),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** What LDAP's messages are made of: a tag, a length, content (X.690, definite lengths). */
interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Of all of it, in bytes. */
  readonly length: number;
}

/** The first element of `bytes`, or `null` where it is not all there yet. */
function readElement(bytes: Buffer): Element | null {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return null;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (bytes.length < 2 + lengthBytes) return null;
  const size = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const length = 2 + lengthBytes + size;
  return bytes.length < length ? null : { tag, content: bytes.subarray(2 + lengthBytes, length), length };
}

function elementsOf(content: Buffer): Element[] {
  const first = readElement(content);
  return first === null ? [] : [first, ...elementsOf(content.subarray(first.length))];
}

function element(tag: number, ...content: readonly (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part as string)));
  if (bytes.length > 0xffff) throw new RangeError('no answer is so long');
  return Buffer.concat([Buffer.from([tag, 0x82, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** @see https://www.rfc-editor.org/rfc/rfc4511#section-4 */
function answersTo(message: Buffer, passwords: ReadonlyMap<string, string>): Buffer[] {
  const [id, operation] = elementsOf(message);
  if (id === undefined || operation === undefined) return [];
  const parts = elementsOf(operation.content).map(({ content }) => content.toString());
  const answer = (tag: number, ...content: readonly Buffer[]) =>
    element(0x30, element(0x02, id.content), element(tag, ...content));
  const result = (code: number) => [element(0x0a, Buffer.from([code])), element(0x04), element(0x04)];
  switch (operation.tag) {
    case 0x60: {
      const [, dn = '', password = ''] = parts;
      const isRight = password !== '' && passwords.get(dn) === password;
      return [answer(0x61, ...result(isRight ? SUCCESS : INVALID_CREDENTIALS))];
    }
    case 0x63: {
      const [dn = ''] = passwords.keys();
      const name = /^cn=([^,]*)/.exec(dn)?.[1] ?? '';
      const attributes = element(0x30, element(0x30, element(0x04, 'cn'), element(0x31, element(0x04, name))));
      return [answer(0x64, element(0x04, dn), attributes), answer(0x65, ...result(SUCCESS))];
    }
    default:
      return [];
  }
}
