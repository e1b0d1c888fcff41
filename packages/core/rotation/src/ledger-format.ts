// The stored text of the ledger, for the simulation and the tests of stores. It is not published.
export { type LeaseDocument, type LeaseSet, type StoredHolder, serialiseLeases } from './leases/lease-document.ts';
export { parseLedger, serialiseLedger } from './ledger/codec.ts';
export type { LedgerDocument, LedgerService, OpenRollout, Values } from './ledger/ledger.ts';
export { isOfRef, type SecretVersion, untagRevision } from './ledger/secret-version.ts';
