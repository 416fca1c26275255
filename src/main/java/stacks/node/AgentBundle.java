package stacks.node;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import stacks.templates.Templates;

/**
 * The agent of all nodes as one file, which Python runs as it is: a zip whose entries are stored
 * and not packed, in one order and with one date. So its bytes are the same on every machine, and a
 * person can read it with {@code less}.
 */
public final class AgentBundle {
  /** The earliest date that a zip can have. */
  private static final LocalDateTime DATE = LocalDateTime.of(1980, 1, 1, 0, 0);

  /** Its modules and texts, below {@code src/main/python}; the first is what Python runs. */
  static final List<String> FILES =
      List.of(
          "__main__.py",
          "rediform/__init__.py",
          "rediform/__main__.py",
          "rediform/attend.py",
          "rediform/backup/__init__.py",
          "rediform/backup/bucket.py",
          "rediform/backup/dump.py",
          "rediform/backup/keep.py",
          "rediform/backup/manifest.py",
          "rediform/backup/note.py",
          "rediform/backup/pipeline.py",
          "rediform/backup/restore.py",
          "rediform/backup/restoring.py",
          "rediform/backup/s3.py",
          "rediform/backup/source.py",
          "rediform/backup/store.py",
          "rediform/backup/stored.py",
          "rediform/backup/take.py",
          "rediform/backup/tick.py",
          "rediform/backup/turn.py",
          "rediform/backup/verbs.py",
          "rediform/check.py",
          "rediform/conf.py",
          "rediform/contents.py",
          "rediform/data.py",
          "rediform/decide.py",
          "rediform/document.py",
          "rediform/errors.py",
          "rediform/files/__init__.py",
          "rediform/files/hardening",
          "rediform/files/rediform-attend.service",
          "rediform/files/rediform-backup.service",
          "rediform/files/rediform-backup.timer",
          "rediform/files/rediform-metrics.service",
          "rediform/files/rediform-metrics.timer",
          "rediform/files/rediform-node-exporter.service",
          "rediform/files/rediform-redis-exporter.service",
          "rediform/files/rediform-volume.service",
          "rediform/files/redis.service",
          "rediform/files/sentinel.service",
          "rediform/handover.py",
          "rediform/health.py",
          "rediform/install.py",
          "rediform/local/__init__.py",
          "rediform/local/supervisor.py",
          "rediform/local/timer.py",
          "rediform/machine/__init__.py",
          "rediform/machine/access.py",
          "rediform/machine/aws.py",
          "rediform/machine/commands.py",
          "rediform/machine/files.py",
          "rediform/machine/firewall.py",
          "rediform/machine/kernel.py",
          "rediform/machine/packages.py",
          "rediform/machine/retry.py",
          "rediform/machine/secret.py",
          "rediform/machine/setup.py",
          "rediform/machine/systemd.py",
          "rediform/machine/units.py",
          "rediform/machine/volume.py",
          "rediform/metrics/__init__.py",
          "rediform/metrics/backups.py",
          "rediform/metrics/exporters.py",
          "rediform/metrics/metric.py",
          "rediform/metrics/password.py",
          "rediform/metrics/textfile.py",
          "rediform/metrics/verb.py",
          "rediform/places.py",
          "rediform/redis.py",
          "rediform/sentinel.py",
          "rediform/settings.py",
          "rediform/start.py",
          "rediform/state.py",
          "rediform/storage.py",
          "rediform/undo/__init__.py",
          "rediform/undo/aof.py",
          "rediform/undo/history.py",
          "rediform/undo/keep.py",
          "rediform/undo/verbs.py",
          "rediform/view.py");

  private static final byte[] BYTES = zip();
  private static final String SHA256 = Checksum.of(BYTES);

  private AgentBundle() {}

  /** The file's content. */
  public static byte[] bytes() {
    return BYTES.clone();
  }

  /** The same in Base64, for a file that Terraform reads as text. */
  public static String base64() {
    return Base64.getEncoder().encodeToString(BYTES);
  }

  /** Its checksum, as {@link NodeDocument#agent()} names it. */
  public static String sha256() {
    return SHA256;
  }

  /** The text of one of its files. */
  static String text(String module) {
    return Templates.text(module);
  }

  private static byte[] zip() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      for (String module : FILES) {
        byte[] content = text(module).getBytes(StandardCharsets.UTF_8);
        CRC32 crc = new CRC32();
        crc.update(content);
        ZipEntry entry = new ZipEntry(module);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        entry.setTimeLocal(DATE);
        zip.putNextEntry(entry);
        zip.write(content);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return bytes.toByteArray();
  }
}
