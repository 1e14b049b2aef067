import { StatusError, status } from '../../os/status.ts';

/** The app can't show what it is asked to sign, and its setting says not to sign blindly: 6a80, and the screen says why. */
export class BlindSigningOff extends StatusError {
  static readonly words = {
    short: 'Blind signing must\nbe enabled in\nsettings',
    title: 'This transaction cannot be clear-signed',
    text: 'Enable blind signing in the settings to sign this transaction.',
    remedy: 'Go to settings',
    leave: 'Reject transaction',
  };

  constructor(what: string) {
    super(status.incorrectData, `${what}, and blind signing is off`);
    this.name = 'BlindSigningOff';
  }
}
