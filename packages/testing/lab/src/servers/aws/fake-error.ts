/** An error as AWS answers it: its code, and a sentence. The HTTP status is 400 for nearly all. */
export class FakeAwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
