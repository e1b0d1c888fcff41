import { describe, expect, it } from 'vitest';
import { isFailure, restartsAmong, toFailedTask } from './failed-task.ts';
import { fingerprintOf } from './snapshot.ts';

const at = (second: number) => `2026-11-23T22:00:${String(second).padStart(2, '0')}.123456789Z`;
const node = { ID: 'n', UpdatedAt: at(0), Spec: { Availability: 'active' }, Status: { State: 'ready' } };
const task = (State: string, Err = '', Message = '', DesiredState = 'shutdown') => ({
  ID: 't',
  NodeID: 'n',
  CreatedAt: at(10),
  UpdatedAt: at(20),
  DesiredState,
  Spec: { ForceUpdate: 3 },
  Status: { State, Message, Err },
});

describe('a failed task', () => {
  it.each([
    ['failed', 'shutdown', true],
    ['rejected', 'shutdown', true],
    ['rejected', 'ready', true],
    ['orphaned', 'shutdown', true],
    ['complete', 'shutdown', true],
    ['complete', 'complete', false],
    ['failed', 'complete', true],
    ['shutdown', 'shutdown', false],
    ['running', 'running', false],
    ['remove', 'remove', false],
  ])('is not every one that ended: %s, wanted to be %s, is one: %s', (state, desired, expected) => {
    expect(isFailure(task(state, '', '', desired))).toBe(expected);
  });

  // As an engine 20.10 tells them.
  it.each([
    ['a process that ended', 'failed', 'task: non-zero exit (3)', 'started', true],
    ['a health check', 'failed', 'task: non-zero exit (137): dockerexec: unhealthy container', 'starting', true],
    ['a process that ended well', 'complete', '', 'finished', true],
    [
      'a delivery',
      'failed',
      'starting container failed: unable to get secret from secret store: secret x not found',
      'starting',
      false,
    ],
    [
      'a command that is missing',
      'failed',
      'starting container failed: failed to create shim task: OCI runtime create failed: …',
      'starting',
      false,
    ],
    ['an image that is missing', 'rejected', 'No such image: nosuch:1', 'preparing', false],
    ['a container that was lost', 'failed', 'No such container: api.1.t', 'started', false],
    ['a node that is gone', 'orphaned', '', 'started', false],
  ])('by %s', (name, state, error, message, started) => {
    const shown = error.replace(/^task: non-zero exit \((\d+)\)/, 'exit code $1') || message;
    expect(toFailedTask(task(state, error, message), node)).toEqual({
      id: 't',
      generation: 3,
      fingerprint: fingerprintOf({ ForceUpdate: 8 }),
      started,
      undelivered: name === 'a delivery',
      nodeReady: state !== 'orphaned',
      message: state === 'complete' ? 'exit code 0' : shown,
      ranMs: started ? 10_000 : null,
      endedAtMs: Date.parse(at(20)),
    });
  });

  it.each([
    ['is gone', undefined],
    ['is down', { ...node, Status: { State: 'down' } }],
    ['is drained', { ...node, Spec: { Availability: 'drain' } }],
    ['came back while the task lived', { ...node, UpdatedAt: at(15) }],
  ])('says nothing if its node %s', (_, of) => {
    expect(toFailedTask(task('failed', 'task: non-zero exit (255)'), of).nodeReady).toBe(false);
  });

  it('says something if its node was changed only after it ended', () => {
    expect(toFailedTask(task('failed', 'task: non-zero exit (1)'), { ...node, UpdatedAt: at(30) }).nodeReady).toBe(
      true,
    );
  });

  it('ran for the time since it was created, without the pause before a restart', () => {
    const failed = task('failed', 'task: non-zero exit (1)');
    expect(toFailedTask(failed, node, true).ranMs).toBe(5_000);
    const quick = { ...failed, Spec: { ...failed.Spec, RestartPolicy: { Delay: 1e9 } } };
    expect(toFailedTask(quick, node, true).ranMs).toBe(9_000);
    const earlier = { ...failed, ID: 'earlier', CreatedAt: at(1), Slot: 1 };
    const later = { ...failed, Slot: 1 };
    const other = { ...failed, Slot: 2 };
    expect([...restartsAmong([later, earlier, other])]).toEqual([later]);
  });

  it("is described with at most 200 characters of the engine's text", () => {
    const { message, started } = toFailedTask(task('failed', `task: non-zero exit (1)${'a'.repeat(1_000_000)}`), node);
    expect(message.length).toBeLessThanOrEqual(200);
    expect(started).toBe(true);
  });
});
