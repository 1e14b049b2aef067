/** A request that is not served: an HTTP status and the JSON that says why. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super(`${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.body = body;
  }
}

/** A body that isn't as its schema has it. */
export const malformed = (error: string): Refusal => new Refusal(400, { error });
