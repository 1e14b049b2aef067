import type { Notices } from '../custody/custody.ts';
import { Malformed, type NoticeKind, type NoticeRecord, parseNoticeId } from '../domain/index.ts';
import { NoticeKind as Kind, type Notice, NoticeServiceService } from '../generated/portcullis/v1/notice.ts';
import { parseCount, parseText } from './fields.ts';
import { pourLog } from './outlet.ts';
import { noticeRights } from './rights.ts';
import { bind, type Service } from './service.ts';

const page = 100;

const kinds: Readonly<Record<NoticeKind, Kind>> = {
  'factor-added': Kind.FACTOR_ADDED,
  'recovery-begun': Kind.RECOVERY_BEGUN,
  'destination-added': Kind.DESTINATION_ADDED,
  'destination-removed': Kind.DESTINATION_REMOVED,
  'factor-revoked': Kind.FACTOR_REVOKED,
  'withdrawal-authorized': Kind.WITHDRAWAL_AUTHORIZED,
  'withdrawal-voided': Kind.WITHDRAWAL_VOIDED,
  'act-announced': Kind.ACT_ANNOUNCED,
  frozen: Kind.FROZEN,
  'operator-suspended': Kind.OPERATOR_SUSPENDED,
};

/** More notices than a station makes: a cursor's higher digits are how often it was restored. */
const ofGeneration = 2 ** 40;

const cursorOf = ({ sequence }: NoticeRecord, generation: number): bigint =>
  BigInt((generation - 1) * ofGeneration + sequence);

/** After which notice of the outbox to go on: from the beginning, where the cursor was given before the station was restored. */
function sequenceAfter(cursor: number, generation: number): number {
  const given = Math.floor(cursor / ofGeneration) + 1;
  if (given > generation)
    throw new Malformed('after_cursor', `is of a later generation than the station’s, ${generation}: begin with 0`);
  return given < generation ? 0 : cursor % ofGeneration;
}

function message(record: NoticeRecord, generation: number): Notice {
  return {
    id: record.id,
    cursor: cursorOf(record, generation),
    account: record.account ?? '',
    kind: kinds[record.kind],
    text: record.text,
    reportToken: record.token,
    createdAt: new Date(record.createdAt),
    acknowledged: record.acknowledgedAt !== null,
  };
}

/** `NoticeService` of the API, spoken to custody. */
export function noticeService(notices: Notices): Service {
  return bind(NoticeServiceService, noticeRights, {
    streamNotices: (request, outlet) => {
      const { generation } = notices;
      let after = sequenceAfter(parseCount(request.afterCursor, 'after_cursor'), generation);
      return pourLog(
        outlet,
        {
          page: () => notices.waiting(after, page),
          onMore: (listener) => notices.onNotice(listener),
          done: (atEnd) => atEnd && request.untilEmpty,
        },
        (record) => {
          after = record.sequence;
          return { notice: message(record, generation) };
        },
      );
    },
    acknowledgeNotice: async (request) => ({
      notice: message(await notices.acknowledge(parseNoticeId(request.noticeId, 'notice_id')), notices.generation),
    }),
    report: async (request) => {
      const token = parseText(request.reportToken, /^[A-Za-z0-9_-]{43}$/, 'the token of a notice', 'report_token');
      const { account, cancelled, disputed } = await notices.report(token);
      return { account, cancelled: [...cancelled], disputed: [...disputed] };
    },
  });
}
