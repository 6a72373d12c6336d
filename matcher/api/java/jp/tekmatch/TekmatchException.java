package jp.tekmatch;

import java.nio.charset.StandardCharsets;

/**
 * What the library refuses, of one class for each status of tekmatch.h. The message is for a
 * person; it names files and reasons, never a key, an identifier or a time of contact.
 */
public abstract class TekmatchException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;

  private TekmatchException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** The number of tekmatch_status. */
  public final int status() {
    return status;
  }

  /** Called by jni.cc. */
  static TekmatchException of(int status, byte[] message) {
    return of(status, new String(message, StandardCharsets.UTF_8));
  }

  static TekmatchException of(int status, String text) {
    switch (status) {
      case 1:
        return new Cancelled(text);
      case 3:
        return new InvalidArgument(text);
      case 4:
        return new DeadlineExceeded(text);
      case 5:
        return new NotFound(text);
      case 6:
        return new AlreadyExists(text);
      case 7:
        return new PermissionDenied(text);
      case 8:
        return new ResourceExhausted(text);
      case 9:
        return new FailedPrecondition(text);
      case 10:
        return new Aborted(text);
      case 11:
        return new OutOfRange(text);
      case 12:
        return new Unimplemented(text);
      case 13:
        return new Internal(text);
      case 14:
        return new Unavailable(text);
      case 15:
        return new DataLoss(text);
      default:
        return new Unknown(text);
    }
  }

  /** A callback of the caller's said so. */
  public static final class Cancelled extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private Cancelled(String message) {
      super(1, message);
    }
  }

  /** None of the others. */
  public static final class Unknown extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private Unknown(String message) {
      super(2, message);
    }
  }

  /** The caller's fault: what an argument says, rather than its form. */
  public static final class InvalidArgument extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private InvalidArgument(String message) {
      super(3, message);
    }
  }

  /** The system's: a time was over. */
  public static final class DeadlineExceeded extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private DeadlineExceeded(String message) {
      super(4, message);
    }
  }

  /** The system's: there is no such thing. */
  public static final class NotFound extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private NotFound(String message) {
      super(5, message);
    }
  }

  /** The system's: it is there already. */
  public static final class AlreadyExists extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private AlreadyExists(String message) {
      super(6, message);
    }
  }

  /** The system's: it is not allowed. */
  public static final class PermissionDenied extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private PermissionDenied(String message) {
      super(7, message);
    }
  }

  /** The library had no memory. */
  public static final class ResourceExhausted extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private ResourceExhausted(String message) {
      super(8, message);
    }
  }

  /** The order of calls, or what a folder already holds. */
  public static final class FailedPrecondition extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private FailedPrecondition(String message) {
      super(9, message);
    }
  }

  /** The system's: given up half-way. */
  public static final class Aborted extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private Aborted(String message) {
      super(10, message);
    }
  }

  /** A range that is too small. */
  public static final class OutOfRange extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private OutOfRange(String message) {
      super(11, message);
    }
  }

  /** Not in this build. */
  public static final class Unimplemented extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private Unimplemented(String message) {
      super(12, message);
    }
  }

  /** The library's fault. */
  public static final class Internal extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private Internal(String message) {
      super(13, message);
    }
  }

  /** Not now: to be tried again. */
  public static final class Unavailable extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private Unavailable(String message) {
      super(14, message);
    }
  }

  /** A file's fault, or nothing to rest an answer on. */
  public static final class DataLoss extends TekmatchException {
    private static final long serialVersionUID = 1L;

    private DataLoss(String message) {
      super(15, message);
    }
  }
}
