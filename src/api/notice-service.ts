import type { Notices } from '../custody/custody.ts';
import { type NoticeKind, type NoticeRecord, parseNoticeId } from '../domain/index.ts';
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

function message(record: NoticeRecord): Notice {
  return {
    id: record.id,
    cursor: BigInt(record.sequence),
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
      let cursor = parseCount(request.afterCursor, 'after_cursor');
      return pourLog(
        outlet,
        {
          page: () => notices.waiting(cursor, page),
          onMore: (listener) => notices.onNotice(listener),
          done: (atEnd) => atEnd && request.untilEmpty,
        },
        (record) => {
          cursor = record.sequence;
          return { notice: message(record) };
        },
      );
    },
    acknowledgeNotice: async (request) => ({
      notice: message(await notices.acknowledge(parseNoticeId(request.noticeId, 'notice_id'))),
    }),
    report: async (request) => {
      const token = parseText(request.reportToken, /^[A-Za-z0-9_-]{43}$/, 'the token of a notice', 'report_token');
      const { account, cancelled, disputed } = await notices.report(token);
      return { account, cancelled: [...cancelled], disputed: [...disputed] };
    },
  });
}
