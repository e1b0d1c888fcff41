import { Readable } from 'node:stream';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { boundedBytes } from '@vault-swarm/kernel';

type Handle = NodeHttpHandler['handle'];

/** The longest answer that is read: 20 values of 64 KiB, of which JSON may make six times as much. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** The SDK's HTTP, which by itself reads an answer of any length. A longer one fails with `TooManyBytes`. */
export class BoundedHandler extends NodeHttpHandler {
  override async handle(...call: Parameters<Handle>): ReturnType<Handle> {
    const output = await super.handle(...call);
    const { body } = output.response;
    if (body instanceof Readable) {
      output.response.body = Readable.from(boundedBytes(body, MAX_ANSWER_BYTES), { objectMode: false });
    }
    return output;
  }
}
