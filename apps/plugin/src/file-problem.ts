/** What is wrong with the file. `where` is a path such as `providers.vault-eu.kind`, a line, or empty for the file as a whole. */
export interface FileProblem {
  readonly where: string;
  readonly message: string;
}
