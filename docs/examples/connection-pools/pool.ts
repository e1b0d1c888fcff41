// Stands for a pool of your database's client. It logs in with a password and a key.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Resolves once the database has accepted the login. Rejects if it refuses it. */
export async function openPool(password: string, key: string, onLost: (error: Error) => void): Promise<Socket> {
  const socket = connect(Number(process.env.DATABASE_PORT), '127.0.0.1');
  socket.write(`${JSON.stringify({ password, key })}\n`);
  try {
    const [answer] = await once(socket, 'data');
    if (String(answer) !== 'welcome\n') throw new Error('the database refused the login');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.on('close', () => onLost(new Error('the connection was lost')));
  socket.on('error', onLost);
  return socket;
}
