import { expect, test } from 'vitest';
import { isManagedPlugin, ownContainer } from './own-container.ts';

const ID = 'c0ffee'.repeat(10).padEnd(64, '0');

test('a container finds its id in what Docker mounts into it', () => {
  const mounts =
    '24 23 0:22 / /proc rw - proc proc rw\n' +
    `30 23 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n`;
  expect(ownContainer(() => mounts)).toBe(ID);
});

test('a managed plugin knows itself by the directory of its socket, which a container that serves as one shares', () => {
  expect(isManagedPlugin(() => `40 39 0:24 /docker/plugins/${ID} /run/docker/plugins rw - tmpfs tmpfs rw\n`)).toBe(
    true,
  );
  expect(isManagedPlugin(() => '40 39 0:24 /docker/plugins /run/docker/plugins rw - tmpfs tmpfs rw\n')).toBe(false);
});

test('a process in no container finds none, also if it can not read its mounts', () => {
  expect(ownContainer(() => '24 23 0:22 / /proc rw - proc proc rw\n')).toBeNull();
  expect(
    ownContainer(() => {
      throw new Error('EACCES');
    }),
  ).toBeNull();
});
