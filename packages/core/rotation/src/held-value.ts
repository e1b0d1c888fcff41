/**
 * One value of a secret as the rotation knows it: its revision at the provider, and the keyed digest of the delivered
 * bytes (`null` where it was never read by us).
 */
export interface HeldValue {
  readonly revision: string;
  readonly digest: string | null;
}

/** Whether two values of one ref are the same to a task: the same revision, or another one with the same bytes. */
export function sameValue(a: HeldValue, b: HeldValue): boolean {
  return a.revision === b.revision || (a.digest !== null && a.digest === b.digest);
}
