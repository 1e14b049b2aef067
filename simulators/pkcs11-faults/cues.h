#ifndef CUES_H
#define CUES_H

/* What a call is to do; README.md tells them one by one. */
enum action {
  BEHAVE,
  SEGV,
  ABORT,
  EXIT,
  HANG,
  PRINT,
  MUTTER,
  FORK,
  RV,
  CLOSE,
  CLOSE_ALL,
  EMPTY,
  LIMIT,
  FLAGS,
  ATTRIBUTE,
  WRONG_SIGNATURE,
  HIGH_S,
  OTHER_KEY,
  OTHER_BYTES,
  SHORT,
  LONG,
  ZERO_R,
  ZERO_S,
  BEYOND
};

enum { longest_bytes = 128 };

struct cue {
  enum action action;
  /* Of RV: what to return. Of LIMIT: how many sessions. Of FLAGS: which bits. Of ATTRIBUTE: which. */
  unsigned long number;
  /* Of OTHER_KEY: its CKA_ID. Of ATTRIBUTE: its value. Of PRINT, MUTTER: the text. */
  unsigned char bytes[longest_bytes];
  unsigned long length;
};

/* What the file of cues says about this call now; it counts as one. */
struct cue cue_for(const char *function);

/* Adds a line to the file of calls: `PID FUNCTION OUTCOME`. */
void tell_call(const char *function, const char *outcome);

#endif
