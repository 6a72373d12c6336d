/**
 * tekmatch for Java: published keys of Exposure Notification against what a phone heard, over the
 * library's C interface (matcher/api/tekmatch.h, whose terms and rules are these classes', too).
 *
 * <pre>
 *   Trust = whom to believe          SightingIndex = what the phone heard
 *   Result = Check.run(index, trust, sources, options)
 * </pre>
 *
 * <p>Conventions, of everything here:
 *
 * <ul>
 *   <li>Ownership. {@link Trust}, {@link SightingIndex} and {@link Store} have memory of the
 *       library's and are closed by their owner, once or more often. Afterwards their methods throw
 *       IllegalStateException. A call that is at work when another thread closes what it uses ends
 *       as if nothing had been closed; then the memory goes. Who forgets to close leaves that to
 *       the garbage collector, which does not know how large the library's memory is. All other
 *       objects are Java's alone. Arrays that are given are read during the call and never kept,
 *       but where a method says so.
 *   <li>Threads. Objects that are closed may be used by many threads at once, also while another
 *       one closes them. {@link Sightings}, {@link CheckOptions} and builders belong to one thread
 *       at a time. What is returned does not change.
 *   <li>Failing. What the library refuses is a {@link TekmatchException}, of one class for each
 *       status. What no correct program does is found here before, and is a NullPointerException,
 *       an IllegalArgumentException (a length, a number that cannot be) or an
 *       IllegalStateException (used after closing; asked in the wrong order).
 *   <li>Messages name files and reasons, never a key, an identifier or a time of contact.
 *   <li>Units. Times are seconds since 1970 (UTC). Intervals are of ten minutes since then. Time
 *       zones have IANA names.
 * </ul>
 */
package jp.tekmatch;
