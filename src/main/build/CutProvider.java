import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Cuts the jar of an AWS provider for CDKTF down to the modules that a program uses: their Java
 * classes, and in the npm package inside it their types and their JavaScript. The whole jar has
 * 1,800 modules in 124 MB, and jsii reads the types of all of them at every start.
 *
 * <p>A program of its own that Maven runs from its source; Jackson's parser is all it needs:
 *
 * <pre>java -cp jackson-core.jar CutProvider.java WHOLE.jar CLASSES CUT.jar</pre>
 *
 * <p>The modules are those that the compiled classes below CLASSES name, and those that these need
 * in turn. The same input gives the same bytes. What the provider's package is expected to look
 * like is checked; where it looks different, the build ends with a sentence.
 */
public final class CutProvider {
  private static final String BASE = "com/hashicorp/cdktf/providers/aws/";
  private static final String PACKAGE = "@cdktf/provider-aws";
  private static final String TYPES = BASE + "$Module.txt";
  private static final Pattern JAVA_MODULE = Pattern.compile(Pattern.quote(BASE) + "(\\w+)/");
  private static final Pattern LAZY_EXPORT =
      Pattern.compile(
          "Object\\.defineProperty\\(exports, '(\\w+)', .*require\\('\\./([\\w-]+)'\\).*");
  private static final Pattern REQUIRE = Pattern.compile("require\\(['\"](\\.[^'\"]*)['\"]\\)");

  private static final Pattern MAIN = Pattern.compile("\"main\":\\s*\"lib/index\\.js\"");

  /** npm gives this date to every file of every package. */
  private static final long NPM_TIME = 499162500L;

  /**
   * For the very first moment of 1980, which a zip file can have, the JDK writes a second time that
   * depends on the time zone.
   */
  private static final LocalDateTime ZIP_TIME = LocalDateTime.of(1980, 2, 1, 0, 0, 0);

  /** What jsii leaves out of its own index of the types, too: nothing of it is read at run time. */
  private static final Set<String> NOT_AT_RUN_TIME = Set.of("docs", "locationInModule", "readme");

  private static final int BLOCK = 512;

  /** Something that this program relies on is not as expected. */
  private static final class Unexpected extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unexpected(String sentence) {
      super(sentence);
    }
  }

  /** A file in a tar archive. */
  private interface TarFile {
    void read(String name, InputStream in) throws IOException;
  }

  private final Path whole;

  /** Java names of the modules, such as {@code vpc_endpoint}. */
  private final Set<String> modules = new TreeSet<>();

  /** jsii's name of each type of these, such as {@code @cdktf/provider-aws.vpc.Vpc}. */
  private final Set<String> types = new LinkedHashSet<>();

  /** jsii's names of the modules, such as {@code vpcEndpoint}. */
  private final Set<String> submodules = new TreeSet<>();

  private CutProvider(Path whole) {
    this.whole = whole;
  }

  public static void main(String[] args) {
    if (args.length != 3) {
      fail("three arguments are expected: WHOLE.jar CLASSES CUT.jar");
    }
    try {
      CutProvider cutter = new CutProvider(Path.of(args[0]));
      replace(Path.of(args[2]), cutter.cut(Path.of(args[1])));
    } catch (Unexpected e) {
      fail(args[0] + " cannot be cut: " + e.getMessage());
    } catch (IOException e) {
      fail(args[0] + " cannot be cut: " + e);
    }
  }

  private static void fail(String sentence) {
    System.err.println("CutProvider: " + sentence + ".");
    System.exit(1);
  }

  /** Only when it is different: the class data archive is one of jars with exactly these dates. */
  private static void replace(Path file, byte[] content) throws IOException {
    if (Files.exists(file) && Arrays.equals(Files.readAllBytes(file), content)) {
      return;
    }
    Path parent = file.toAbsolutePath().getParent();
    Files.createDirectories(parent);
    Path written = Files.createTempFile(parent, "cut", ".new");
    Files.write(written, content);
    written.toFile().setReadable(true, false);
    Files.move(written, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  private byte[] cut(Path classes) throws IOException {
    try (ZipFile jar = new ZipFile(whole.toFile())) {
      Map<String, byte[]> files = new TreeMap<>();
      for (String module : namedBelow(classes)) {
        addModule(jar, module, files);
      }
      readTypes(jar, files);
      List<String> root =
          jar.stream().map(ZipEntry::getName).filter(CutProvider::belongsToRoot).toList();
      for (String name : root) {
        if (name.endsWith(".jsii.tgz")) {
          files.put(name, npmPackage(jar, name));
        } else if (!name.equals(TYPES)) {
          files.put(name, bytes(jar, name));
        }
      }
      for (String needed : List.of(BASE + "$Module.class", ZipFiles.MANIFEST)) {
        if (!files.containsKey(needed)) {
          throw new Unexpected("it has no " + needed);
        }
      }
      if (files.keySet().stream().filter(name -> name.endsWith(".jsii.tgz")).count() != 1) {
        throw new Unexpected("it does not have exactly one npm package (*.jsii.tgz)");
      }
      return ZipFiles.write(files);
    }
  }

  /** Files of no module. The index of packages would name those that are gone. */
  private static boolean belongsToRoot(String name) {
    return !name.endsWith("/")
        && !JAVA_MODULE.matcher(name).lookingAt()
        && !name.equals("META-INF/INDEX.LIST");
  }

  // ---------------------------------------------------------------- Java

  private static Set<String> namedBelow(Path classes) throws IOException {
    Set<String> named = new TreeSet<>();
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        named.addAll(namedIn(Files.readAllBytes(file)));
      }
    }
    if (named.isEmpty()) {
      throw new Unexpected("no class below " + classes + " uses it");
    }
    return named;
  }

  /** A class file has the names of all that it needs as text. */
  private static Set<String> namedIn(byte[] classFile) {
    Set<String> named = new TreeSet<>();
    Matcher module = JAVA_MODULE.matcher(new String(classFile, StandardCharsets.ISO_8859_1));
    while (module.find()) {
      named.add(module.group(1));
    }
    return named;
  }

  private void addModule(ZipFile jar, String first, Map<String, byte[]> files) throws IOException {
    Deque<String> waiting = new ArrayDeque<>(List.of(first));
    while (!waiting.isEmpty()) {
      String module = waiting.remove();
      if (!modules.add(module)) {
        continue;
      }
      String folder = BASE + module + "/";
      List<String> names =
          jar.stream()
              .map(ZipEntry::getName)
              .filter(name -> name.startsWith(folder) && !name.endsWith("/"))
              .toList();
      if (names.isEmpty()) {
        throw new Unexpected(
            "it has no classes of the module " + module + ", which the program uses");
      }
      for (String name : names) {
        byte[] content = bytes(jar, name);
        files.put(name, content);
        waiting.addAll(namedIn(content));
      }
    }
  }

  /** The lines {@code jsii's name of a type=name of its class}. */
  private void readTypes(ZipFile jar, Map<String, byte[]> files) throws IOException {
    StringBuilder kept = new StringBuilder();
    Set<String> found = new TreeSet<>();
    Pattern line =
        Pattern.compile(
            "("
                + Pattern.quote(PACKAGE)
                + "\\.(\\w+)\\.\\w+)="
                + Pattern.quote(BASE.replace('/', '.'))
                + "(\\w+)\\..+");
    String text = new String(bytes(jar, TYPES), StandardCharsets.UTF_8);
    for (String each : text.lines().toList()) {
      Matcher type = line.matcher(each);
      if (!type.matches()) {
        throw new Unexpected("its " + TYPES + " has a line of another form: " + each);
      }
      if (modules.contains(type.group(3))) {
        found.add(type.group(3));
        submodules.add(type.group(2));
        types.add(type.group(1));
        kept.append(each).append('\n');
      }
    }
    requireAll(modules, found, "its " + TYPES + " has no types of ");
    files.put(TYPES, kept.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static void requireAll(Set<String> needed, Set<String> found, String problem) {
    Set<String> without = new TreeSet<>(needed);
    without.removeAll(found);
    if (!without.isEmpty()) {
      throw new Unexpected(problem + String.join(", ", without));
    }
  }

  private static byte[] bytes(ZipFile jar, String name) throws IOException {
    ZipEntry entry = jar.getEntry(name);
    if (entry == null) {
      throw new Unexpected("it has no " + name);
    }
    try (InputStream in = jar.getInputStream(entry)) {
      return in.readAllBytes();
    }
  }

  // ---------------------------------------------------------------- JavaScript

  private byte[] npmPackage(ZipFile jar, String name) throws IOException {
    byte[] archive = bytes(jar, name);
    Map<String, byte[]> files = new TreeMap<>();
    Map<String, String> folders = new TreeMap<>();
    // First what says which folder belongs to which module; those of others are too many to keep.
    Tar.read(
        archive,
        (file, in) -> {
          if (file.equals("package/.jsii")) {
            files.put(file, assembly(in));
          } else if (file.equals("package/lib/lazy-index.js")) {
            files.put("package/lib/index.js", index(in.readAllBytes(), folders));
          }
        });
    if (files.size() != 2) {
      throw new Unexpected("its npm package has no .jsii, or no lib/lazy-index.js");
    }
    requireAll(submodules, folders.keySet(), "its lib/lazy-index.js does not export ");
    Tar.read(
        archive,
        (file, in) -> {
          String[] path = file.split("/");
          boolean ours = path.length > 3 && path[1].equals("lib") && folders.containsValue(path[2]);
          if (ours && file.endsWith(".js")) {
            files.put(file, withoutSourceMap(in.readAllBytes()));
          } else if (path.length == 2 && !file.equals("package/.jsii")) {
            files.put(file, in.readAllBytes()); // package.json, licence, readme
          }
        });
    byte[] description = files.getOrDefault("package/package.json", new byte[0]);
    if (!MAIN.matcher(new String(description, StandardCharsets.UTF_8)).find()) {
      throw new Unexpected("its package.json does not say that lib/index.js is its main file");
    }
    if (!files.containsKey("package/LICENSE")) {
      throw new Unexpected("its npm package has no LICENSE");
    }
    checkRequires(files);
    return Tar.write(files);
  }

  /** jsii's description of the package, without what is not read at run time. */
  private byte[] assembly(InputStream in) throws IOException {
    JsonFactory json = new JsonFactory();
    json.disable(JsonParser.Feature.AUTO_CLOSE_SOURCE);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Set<String> found = new LinkedHashSet<>();
    try (JsonParser parser = json.createParser(in);
        JsonGenerator generator = json.createGenerator(out)) {
      Deque<String> path = new ArrayDeque<>();
      while (parser.nextToken() != null) {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.FIELD_NAME) {
          String field = parser.currentName();
          parser.nextToken();
          String parent = path.size() == 2 ? path.peek() : "";
          boolean other =
              parent.equals("types") && !types.contains(field)
                  || parent.equals("submodules")
                      && !submodules.contains(field.substring(field.indexOf('.') + 1));
          if (other || NOT_AT_RUN_TIME.contains(field)) {
            parser.skipChildren();
            continue;
          }
          if (parent.equals("types")) {
            found.add(field);
          }
          generator.writeFieldName(field);
          if (field.equals("fingerprint") && path.size() == 1) {
            generator.writeString("**********"); // as jsii does with a changed one
            continue;
          }
          token = parser.currentToken();
          if (token.isStructStart()) {
            path.push(field);
          }
        } else if (token.isStructStart()) {
          path.push("");
        }
        if (token.isStructEnd()) {
          path.pop();
        }
        if (token == JsonToken.VALUE_STRING) {
          checkReference(parser.getText());
        }
        generator.copyCurrentEvent(parser);
      }
    }
    requireAll(types, found, "its .jsii does not describe ");
    return out.toByteArray();
  }

  private void checkReference(String text) {
    if (text.startsWith(PACKAGE + ".") && !types.contains(text)) {
      throw new Unexpected(
          "its .jsii has a type that refers to " + text + ", and no Java class that is kept does");
    }
  }

  /** HashiCorp's own index that loads each module at its first use, in place of the other one. */
  private byte[] index(byte[] lazy, Map<String, String> folders) {
    StringBuilder kept = new StringBuilder();
    for (String line : new String(lazy, StandardCharsets.UTF_8).lines().toList()) {
      Matcher export = LAZY_EXPORT.matcher(line);
      if (export.matches()) {
        if (!submodules.contains(export.group(1))) {
          continue;
        }
        folders.put(export.group(1), export.group(2));
      }
      kept.append(line).append('\n');
    }
    return withoutSourceMap(kept.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Three quarters of each file. */
  private static byte[] withoutSourceMap(byte[] script) {
    String text = new String(script, StandardCharsets.UTF_8);
    int map = text.lastIndexOf("\n//# sourceMappingURL=");
    return (map < 0 ? text : text.substring(0, map + 1)).getBytes(StandardCharsets.UTF_8);
  }

  private static void checkRequires(Map<String, byte[]> files) {
    files.forEach(
        (file, content) -> {
          if (file.endsWith(".js")) {
            Matcher require = REQUIRE.matcher(new String(content, StandardCharsets.UTF_8));
            while (require.find()) {
              String target = Path.of(file).resolveSibling(require.group(1)).normalize().toString();
              if (Stream.of(target, target + ".js", target + "/index.js")
                  .noneMatch(files::containsKey)) {
                throw new Unexpected("its " + file + " requires " + target + ", which is cut off");
              }
            }
          }
        });
  }

  // ---------------------------------------------------------------- archives

  /** Zip files with fixed dates, the manifest first. */
  private static final class ZipFiles {
    static final String MANIFEST = "META-INF/MANIFEST.MF";

    static byte[] write(Map<String, byte[]> files) throws IOException {
      Map<String, byte[]> rest = new TreeMap<>(files);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(out)) {
        add(zip, MANIFEST, rest.remove(MANIFEST));
        for (Map.Entry<String, byte[]> file : rest.entrySet()) {
          add(zip, file.getKey(), file.getValue());
        }
      }
      return out.toByteArray();
    }

    private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
      ZipEntry entry = new ZipEntry(name);
      entry.setTimeLocal(ZIP_TIME);
      zip.putNextEntry(entry);
      zip.write(content);
      zip.closeEntry();
    }
  }

  /** The tar archives that npm makes: plain files with short names, and nothing else. */
  private static final class Tar {
    static void read(byte[] packed, TarFile reader) throws IOException {
      try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed), 1 << 16)) {
        byte[] header = new byte[BLOCK];
        while (in.readNBytes(header, 0, BLOCK) == BLOCK && header[0] != 0) {
          String name = text(header, 0, 100);
          String prefix = text(header, 345, 155);
          if (header[156] != '0' && header[156] != 0) {
            throw new Unexpected("its npm package has more than plain files: " + name);
          }
          long size = Long.parseLong(text(header, 124, 12).strip(), 8);
          Limited content = new Limited(in, size);
          reader.read(prefix.isEmpty() ? name : prefix + "/" + name, content);
          content.skipNBytes(content.left);
          in.skipNBytes((BLOCK - size % BLOCK) % BLOCK);
        }
      }
    }

    static byte[] write(Map<String, byte[]> files) throws IOException {
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
          byte[] content = file.getValue();
          out.write(header(file.getKey(), content.length));
          out.write(content);
          out.write(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
        }
        out.write(new byte[2 * BLOCK]);
      }
      byte[] bytes = packed.toByteArray();
      bytes[9] = -1; // the system it was made on: JDKs differ
      return bytes;
    }

    private static byte[] header(String name, long size) {
      byte[] header = new byte[BLOCK];
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      if (bytes.length > 100) {
        throw new Unexpected("its npm package has a file with too long a name: " + name);
      }
      System.arraycopy(bytes, 0, header, 0, bytes.length);
      put(header, 100, "0000644\0");
      put(header, 108, "0000000\0");
      put(header, 116, "0000000\0");
      put(header, 124, octal(size) + " ");
      put(header, 136, octal(NPM_TIME) + " ");
      put(header, 148, "        ");
      put(header, 156, "0");
      put(header, 257, "ustar\0" + "00");
      int sum = 0;
      for (byte each : header) {
        sum += each & 0xff;
      }
      put(header, 148, "%06o\0 ".formatted(sum));
      return header;
    }

    private static String octal(long number) {
      String digits = Long.toOctalString(number);
      return "0".repeat(11 - digits.length()) + digits;
    }

    private static void put(byte[] header, int at, String text) {
      byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private static String text(byte[] header, int from, int length) {
      int end = from;
      while (end < from + length && header[end] != 0) {
        end++;
      }
      return new String(header, from, end - from, StandardCharsets.UTF_8);
    }
  }

  /** The part of a stream that is one file. */
  private static final class Limited extends InputStream {
    private final InputStream in;
    private long left;

    Limited(InputStream in, long left) {
      this.in = in;
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int count = in.read(into, offset, (int) Math.min(length, left));
      if (count < 0) {
        throw new Unexpected("its npm package ends in the middle of a file");
      }
      left -= count;
      return count;
    }
  }
}
