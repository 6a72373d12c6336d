package jp.tekmatch;

import static jp.tekmatch.Testing.check;
import static jp.tekmatch.Testing.equal;
import static jp.tekmatch.Testing.export;
import static jp.tekmatch.Testing.index;
import static jp.tekmatch.Testing.options;
import static jp.tekmatch.Testing.run;
import static jp.tekmatch.Testing.test;
import static jp.tekmatch.Testing.throwsA;
import static jp.tekmatch.Testing.trust;

import java.util.Arrays;

/** What is refused: null, what no program does, what the library says, what was closed. */
final class RefusalsTest {
  private static final byte[] RPI = new byte[16];
  private static final byte[] AEM = new byte[4];

  public static void main(String[] args) throws Exception {
    test("refuses null", RefusalsTest::refusesNull);
    test("refuses what no program does", RefusalsTest::refusesWhatNoProgramDoes);
    test("refuses what the library does", RefusalsTest::refusesWhatTheLibraryDoes);
    test("refuses what was closed", RefusalsTest::refusesWhatWasClosed);
    Testing.end();
  }

  private static void refusesNull() throws Exception {
    Class<NullPointerException> npe = NullPointerException.class;
    ReadAt reader = (offset, into, length) -> length;
    throwsA(npe, () -> new TrustedKey(null, "v1", Testing.PEM));
    throwsA(npe, () -> new TrustedKey("440", "v1", (byte[]) null));
    throwsA(npe, () -> new TrustedKey("440", "v1", (String) null));
    throwsA(npe, () -> Trust.of(null));
    throwsA(npe, () -> new Trust.Builder().addSet((TrustedKey[]) null));
    throwsA(npe, () -> new Trust.Builder().addSet(Testing.key(), null));
    throwsA(npe, () -> new SightingIndex(null));
    throwsA(npe, () -> Source.path(null));
    throwsA(npe, () -> Source.bytes("a", null));
    throwsA(npe, () -> Source.bytes(null, new byte[1]));
    throwsA(npe, () -> Source.readAt("a", 1, null));
    throwsA(npe, () -> Source.readAt(null, 1, reader));
    throwsA(npe, () -> Source.descriptor(null, 1));
    throwsA(npe, () -> new CheckOptions(1, null));
    throwsA(npe, () -> options().policy(null, null));
    throwsA(npe, () -> options().config(null));
    throwsA(npe, () -> options().kernel(null));
    throwsA(npe, () -> options().ownKeys(null));
    throwsA(npe, () -> Store.open(null, Store.Mode.CREATE));
    throwsA(npe, () -> Store.open("/nowhere", null));
    throwsA(npe, () -> {
      Store.setAside(null);
      return null;
    });
    throwsA(npe, () -> TransmissionWindow.selectKeys(null, null, null, false, 1, null, null));
    throwsA(npe, () -> TransmissionWindow.judgeContact(1, 1, 1, 0, 0, 1, null, "UTC"));
    throwsA(npe, () -> TransmissionWindow.judgeContact(1, 1, 1, 0, 0, 1, "none", null));
    Sightings sightings = new Sightings();
    throwsA(npe, () -> {
      sightings.add(1, null, AEM, 0, 0);
      return null;
    });
    throwsA(npe, () -> {
      sightings.add(1, RPI, null, 0, 0);
      return null;
    });
    throwsA(npe, () -> {
      sightings.addAll(null, null, null, null, null);
      return null;
    });
    throwsA(npe, () -> {
      sightings.addAll(new long[0], new byte[0], new byte[0], null, null);
      return null;
    });
    try (SightingIndex index = index();
        Trust trust = trust()) {
      throwsA(npe, () -> Check.run(null, trust, export(), options()));
      throwsA(npe, () -> Check.run(index, null, export(), options()));
      throwsA(npe, () -> Check.run(index, trust, null, options()));
      throwsA(npe, () -> Check.run(index, trust, export(), null));
      throwsA(npe, () -> Check.run(index, trust, Arrays.asList((Source) null), options()));
      check(
          Check.run(index, trust, export(), options().progress(null).cancelled(null)).isComplete(),
          "not complete");
    }
  }

  private static void refusesWhatNoProgramDoes() throws Exception {
    Class<IllegalArgumentException> iae = IllegalArgumentException.class;
    ReadAt reader = (offset, into, length) -> length;
    Sightings sightings = new Sightings();
    for (int length : new int[] {0, 15, 17, 160}) {
      throwsA(iae, () -> {
        sightings.add(1, new byte[length], AEM, 0, 0);
        return null;
      });
    }
    for (int length : new int[] {0, 3, 5}) {
      throwsA(iae, () -> {
        sightings.add(1, RPI, new byte[length], 0, 0);
        return null;
      });
    }
    for (int rssi : new int[] {-129, 21, 32768, -65536 - 60, Integer.MIN_VALUE}) {
      throwsA(iae, () -> {
        sightings.add(1, RPI, AEM, rssi, 0);
        return null;
      });
    }
    for (int seconds : new int[] {-2, Integer.MIN_VALUE}) {
      throwsA(iae, () -> {
        sightings.add(1, RPI, AEM, -60, seconds);
        return null;
      });
    }
    equal(sightings.size(), 0);
    throwsA(iae, () -> Source.descriptor("a", -1));
    throwsA(iae, () -> Source.readAt("a", -1, reader));
    throwsA(iae, () -> Source.path("a\0b"));
    throwsA(iae, () -> new TrustedKey("4\0", null, Testing.PEM));
    throwsA(iae, () -> new CheckOptions(0, "UTC"));
    throwsA(iae, () -> new CheckOptions(-1, "UTC"));
    throwsA(iae, () -> new CheckOptions(1, "U\0C"));
    throwsA(iae, () -> options().asOf(-1));
    throwsA(iae, () -> options().threads(0));
    throwsA(iae, () -> options().threads(257));
    throwsA(iae, () -> options().threads(Integer.MIN_VALUE));
    throwsA(iae, () -> options().badSightings(-1));
    throwsA(iae, () -> options().maxMilliseconds(0));
    throwsA(iae, () -> options().ownKeys(new byte[15]));
    throwsA(iae, () -> Store.open("/nowhere", Store.Mode.EXISTING, -1));
    throwsA(iae, () -> run(export(), options().dropKeys()));
    throwsA(iae, () -> run(export(), options().maxMilliseconds(5)));
  }

  private static void refusesWhatTheLibraryDoes() throws Exception {
    Class<TekmatchException.InvalidArgument> invalid = TekmatchException.InvalidArgument.class;
    throwsA(invalid, () -> new Trust.Builder().addSet().build());
    throwsA(invalid, () -> Trust.of(new TrustedKey("440", "v1", "no key")));
    throwsA(invalid, () -> Trust.of(new TrustedKey("440", "v1", new byte[0])));
    for (long time : new long[] {Long.MIN_VALUE, -1, 1L << 40, Long.MAX_VALUE}) {
      Sightings sightings = new Sightings();
      sightings.add(time, RPI, AEM, -60, 0);
      throwsA(invalid, () -> new SightingIndex(sightings));
    }
    throwsA(invalid, () -> run(export(), new CheckOptions(Testing.NOW, "Nowhere/City")));
    throwsA(invalid, () -> run(export(), new CheckOptions(Long.MAX_VALUE, "UTC")));
    throwsA(invalid, () -> run(export(), options().asOf(Long.MAX_VALUE)));
    throwsA(invalid, () -> run(export(), options().policy("cocoa-9", "UTC")));
    throwsA(invalid, () -> run(export(), options().policy("{", "UTC")));
    throwsA(invalid, () -> run(export(), options().policy("cocoa-3", "Mars")));
    throwsA(invalid, () -> run(export(), options().config("{\"a\":")));
    throwsA(invalid, () -> run(export(), options().kernel("abacus")));
    Source twice = Source.bytes("twice", Testing.EXPORT);
    throwsA(invalid, () -> run(Arrays.asList(twice, twice), options()));
  }

  private static void refusesWhatWasClosed() throws Exception {
    Class<IllegalStateException> ise = IllegalStateException.class;
    SightingIndex index = index();
    Trust trust = trust();
    Trust other = trust();
    check(!trust.isClosed(), "closed");
    trust.close();
    trust.close();
    check(trust.isClosed(), "not closed");
    throwsA(ise, () -> Check.run(index, trust, export(), options()));
    index.close();
    index.close();
    throwsA(ise, () -> Check.run(index, other, export(), options()));
    throwsA(ise, index::size);
    other.close();
    Sightings sightings = Testing.heard();
    byte[] rows = sightings.rows();
    sightings.close();
    sightings.close();
    check(Arrays.equals(rows, new byte[rows.length]), "not overwritten");
    throwsA(ise, () -> new SightingIndex(sightings));
    throwsA(ise, () -> {
      sightings.add(1, RPI, AEM, 0, 0);
      return null;
    });
  }
}
