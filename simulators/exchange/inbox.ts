import {
  type Notice,
  NoticeKind,
  NoticeServiceClient,
  NoticeServiceService,
} from '../../src/generated/portcullis/v1/notice.ts';
import { Courier } from './courier.ts';
import { call, connect, type StationAddress } from './station-client.ts';

/** A message as its reader has it: without the token by which they may object, which a real one carries in its link. */
export interface Message {
  readonly id: string;
  readonly text: string;
  readonly at: string;
  readonly objectable: boolean;
}

const objectable: readonly NoticeKind[] = [
  NoticeKind.FACTOR_ADDED,
  NoticeKind.DESTINATION_ADDED,
  NoticeKind.WITHDRAWAL_AUTHORIZED,
];

/** Where the sample courier delivers: what would be mail or a push message lies here, by account. */
export class Inbox {
  readonly #notices = new Map<string, Notice[]>();
  readonly #courier: Courier;
  readonly #client: NoticeServiceClient;
  /** One delivery after another: two at once would hand out the same notice twice. */
  #round: Promise<unknown> = Promise.resolve();

  constructor(station: StationAddress) {
    this.#client = connect(NoticeServiceClient, station, { role: 'courier', name: 'courier' });
    this.#courier = new Courier(station, (notice) => {
      this.#notices.set(notice.account, [notice, ...this.#all(notice.account)]);
    });
  }

  /** Delivers what waits, and returns what the account's owner has received, newest first. */
  async of(account: string): Promise<readonly Message[]> {
    const round = this.#round.then(() => this.#courier.empty());
    this.#round = round.catch(() => {});
    await round;
    return this.#all(account).map(({ id, text, createdAt, kind }) => ({
      id,
      text,
      at: createdAt?.toISOString() ?? '',
      objectable: objectable.includes(kind),
    }));
  }

  /** Its reader follows the link in the message: it wasn't them. Returns what was cancelled. */
  async object(account: string, id: string): Promise<readonly string[]> {
    const notice = this.#all(account).find((one) => one.id === id);
    if (notice === undefined) throw new Error('there is no such message');
    const { reportToken } = notice;
    const { cancelled } = await call(this.#client, NoticeServiceService.report, { reportToken });
    return cancelled;
  }

  close(): void {
    this.#courier.close();
    this.#client.close();
  }

  #all(account: string): readonly Notice[] {
    return this.#notices.get(account) ?? [];
  }
}
