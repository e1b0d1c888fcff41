import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The state of a proxy: `frozen` accepts connections and does not answer, `gone` has no socket. */
export type GateState = 'open' | 'frozen' | 'refusing' | 'gone';

/** A proxy of an engine's socket that injects faults. */
export class EngineFaultProxy {
  readonly #path: string;
  readonly #target: string;
  readonly #connections = new Set<Socket>();
  #state: GateState = 'gone';
  #server: Server | null = null;

  /** Nothing listens on `path` before a call of {@link become}. */
  constructor(path: string, target: string) {
    this.#path = path;
    this.#target = target;
  }

  /** Changes the state for new and open connections. */
  async become(state: GateState): Promise<void> {
    this.#state = state;
    for (const socket of this.#connections) {
      if (state === 'frozen') socket.pause();
      else socket.destroy();
    }
    if (state === 'gone') {
      this.#server?.close();
      this.#server = null;
      return;
    }
    if (this.#server !== null) return;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket));
    await once(this.#server.listen(this.#path), 'listening');
  }

  #take(socket: Socket): void {
    if (this.#state === 'refusing') {
      socket.destroy();
      return;
    }
    this.#keep(socket);
    if (this.#state === 'frozen') return;
    const onward = connect({ path: this.#target, allowHalfOpen: true });
    this.#keep(onward);
    socket.pipe(onward).pipe(socket);
    socket.once('close', () => onward.destroy());
    onward.once('close', () => socket.destroy());
  }

  #keep(socket: Socket): void {
    this.#connections.add(socket);
    // Clients handle closed connections themselves.
    socket.on('error', () => {});
    socket.once('close', () => this.#connections.delete(socket));
  }
}
