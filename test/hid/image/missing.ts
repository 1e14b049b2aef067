/** What the machine lacks for these tests: the message says how to get it. */
export class Missing extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Missing';
  }
}
