/** An error of AWS: its code and message. The HTTP status is 400 for most of them. */
export class FakeAwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
