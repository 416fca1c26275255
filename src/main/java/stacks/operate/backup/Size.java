package stacks.operate.backup;

import java.util.Locale;

/** Amounts of data for people, in the units that {@link stacks.values.Memory} has. */
public final class Size {
  private Size() {}

  /** In MB, or in GB or KB where that reads better. */
  public static String of(long bytes) {
    if (bytes < 1 << 10) {
      return bytes + " B";
    }
    if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KB", bytes / (double) (1 << 10));
    }
    return bytes < 1 << 30
        ? String.format(Locale.ROOT, "%.1f MB", bytes / (double) (1 << 20))
        : String.format(Locale.ROOT, "%.1f GB", bytes / (double) (1 << 30));
  }
}
