import { expect, test } from 'vitest';
import { DockerError, isOutOfSequence, isRefusal } from './docker-error.ts';

test("a conflict and a refusal are recognised by the engine's own words, not by names in them", () => {
  const said = (reason: string) => new DockerError(reason, 500);
  expect(isOutOfSequence(said('rpc error: code = Unknown desc = update out of sequence'))).toBe(true);
  expect(isOutOfSequence(said('service "update out of sequence" has no such network'))).toBe(false);
  expect(isRefusal(said("rpc error: code = Unknown desc = raft: raft message is too large and can't be sent"))).toBe(
    true,
  );
  expect(isRefusal(said('config "raft message is too large" could not be read'))).toBe(false);
});
