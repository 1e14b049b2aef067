import { type Notice, NoticeServiceClient, NoticeServiceService } from '../../src/generated/portcullis/v1/notice.ts';
import { call, connect, type StationAddress } from './station-client.ts';

/**
 * The sample courier: takes notices out of the station's outbox, hands each to a delivery service, and tells the station that
 * it was accepted. Only then does what the notice announces begin to ripen. It has the customers' contacts; the withdrawal
 * service must not be able to write them.
 */
export class Courier {
  readonly #client: NoticeServiceClient;
  readonly #deliver: (notice: Notice) => void | Promise<void>;

  constructor(station: StationAddress, deliver: (notice: Notice) => void | Promise<void>) {
    this.#client = connect(NoticeServiceClient, station, { role: 'courier', name: 'courier' });
    this.#deliver = deliver;
  }

  /** Delivers and acknowledges all that waits now; returns how many that were. */
  async empty(): Promise<number> {
    let count = 0;
    for await (const { notice } of this.#client.streamNotices({ afterCursor: 0n, untilEmpty: true })) {
      if (notice === undefined || notice.acknowledged) continue;
      await this.#deliver(notice);
      await call(this.#client, NoticeServiceService.acknowledgeNotice, { noticeId: notice.id });
      count++;
    }
    return count;
  }

  close(): void {
    this.#client.close();
  }
}
