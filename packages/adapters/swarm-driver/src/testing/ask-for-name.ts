import { request } from 'node:http';

/** What the server on a socket says to one question, over a connection of its own; rejects where nobody answers. */
export function askForName(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const question = request({ socketPath, agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve(Buffer.concat(chunks).toString());
    });
    question.once('error', reject).end();
  });
}
