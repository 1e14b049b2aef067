import { describe, expect, it } from 'vitest';
import { AuthenticatorApp } from '../../../simulators/exchange/authenticator-app.ts';

/** The seed of RFC 6238 appendix B, "12345678901234567890". */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('the authenticator app', () => {
  it('shows the codes of RFC 6238 appendix B', () => {
    const app = new AuthenticatorApp(`otpauth://totp/x:alice?secret=${secret}&digits=8`);
    expect(app.codeAt(59_000)).toBe('94287082');
    expect(app.codeAt(1_111_111_109_000)).toBe('07081804');
    expect(app.codeAt(20_000_000_000_000)).toBe('65353130');
  });

  it('of six digits by default, with the URI’s algorithm and period', () => {
    expect(new AuthenticatorApp(`otpauth://totp/x:alice?secret=${secret}`).codeAt(59_000)).toBe('287082');
    const other = `otpauth://totp/x:alice?algorithm=SHA256&digits=8&period=60&secret=${secret}GEZDGNBVGY3TQOJQGEZA`;
    expect(new AuthenticatorApp(other).label).toBe('x:alice');
    expect(new AuthenticatorApp(other).codeAt(0)).toBe(new AuthenticatorApp(other).codeAt(59_999));
  });

  it('reads nothing else', () => {
    expect(() => new AuthenticatorApp('https://example.org')).toThrow('no otpauth URI');
    expect(() => new AuthenticatorApp('otpauth://hotp/x?secret=AA')).toThrow('no otpauth URI');
    expect(() => new AuthenticatorApp('otpauth://totp/x?secret=a1')).toThrow('no base32');
  });
});
