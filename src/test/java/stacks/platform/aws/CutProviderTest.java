package stacks.platform.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.Run;

/**
 * The build's cutter, on a provider of three modules: the program uses {@code vpc}, whose classes
 * use {@code vpc_endpoint}, and nothing uses {@code lambda}.
 */
class CutProviderTest {
  private static final String BASE = "com/hashicorp/cdktf/providers/aws/";
  private static final String NPM = BASE + "provider-aws@1.0.0.jsii.tgz";

  @TempDir private static Path compiled;

  @TempDir private Path folder;

  private final Map<String, String> jar = new TreeMap<>();
  private final Map<String, String> npm = new TreeMap<>();

  @BeforeAll
  static void compile() {
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                List.of(
                        "--release=17",
                        "-Xlint:all",
                        "-Werror",
                        "-cp",
                        jackson(),
                        "-d",
                        compiled.toString(),
                        "src/main/build/CutProvider.java")
                    .toArray(String[]::new));
    assertThat(code).isZero();
  }

  @BeforeEach
  void provider() throws IOException {
    jar.put("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n");
    jar.put("META-INF/INDEX.LIST", BASE + "lambda");
    jar.put(BASE + "$Module.class", "the module");
    jar.put(
        BASE + "$Module.txt",
        type("lambda", "lambda", "Lambda")
            + type("vpc", "vpc", "Vpc")
            + type("vpcEndpoint", "vpc_endpoint", "VpcEndpoint"));
    jar.put(BASE + "lambda/Lambda.class", "Lambda");
    jar.put(BASE + "vpc/Vpc.class", "Vpc, which has a L" + BASE + "vpc_endpoint/VpcEndpoint;");
    jar.put(BASE + "vpc/Vpc$Builder.class", "its builder");
    jar.put(BASE + "vpc_endpoint/VpcEndpoint.class", "VpcEndpoint");
    npm.put(
        "package/.jsii",
        """
        {"name": "@cdktf/provider-aws", "fingerprint": "of the whole", "readme": {"markdown": "#"},
         "submodules": {
           "@cdktf/provider-aws.lambda": {"symbolId": "src/lambda/index:"},
           "@cdktf/provider-aws.vpc": {"readme": {"markdown": "#"}, "symbolId": "src/vpc/index:"},
           "@cdktf/provider-aws.vpcEndpoint": {"symbolId": "src/vpc-endpoint/index:"}},
         "types": {
           "@cdktf/provider-aws.lambda.Lambda": {"kind": "class", "methods": [{"name": "x"}]},
           "@cdktf/provider-aws.vpc.Vpc": {
             "base": "cdktf.TerraformResource", "docs": {"summary": "A VPC."}, "kind": "class",
             "properties": [{"name": "docs", "type": {"fqn": "@cdktf/provider-aws.vpcEndpoint.VpcEndpoint"}}]},
           "@cdktf/provider-aws.vpcEndpoint.VpcEndpoint": {"kind": "class"}},
         "version": "1.0.0"}
        """);
    npm.put("package/LICENSE", "Mozilla Public License");
    npm.put("package/package.json", "{\"main\": \"lib/index.js\"}");
    npm.put("package/lib/index.js", "all of them at once");
    npm.put(
        "package/lib/lazy-index.js",
        "// lazy\n"
            + lazy("lambda", "lambda")
            + lazy("vpc", "vpc")
            + lazy("vpcEndpoint", "vpc-endpoint"));
    npm.put("package/lib/lambda/index.js", "exports.Lambda = 1;");
    npm.put(
        "package/lib/vpc/index.js", "const s = require('./structs');\n//# sourceMappingURL=data:x");
    npm.put("package/lib/vpc/structs/index.js", "exports.s = 1;");
    npm.put("package/lib/vpc/index.d.ts", "export declare class Vpc {}");
    npm.put("package/lib/vpc-endpoint/index.js", "exports.VpcEndpoint = 1;");
    program("calls " + BASE + "vpc/Vpc$Builder");
  }

  @Test
  void keeps_the_modules_that_the_program_names_and_those_that_these_need() throws Exception {
    Map<String, byte[]> cut = cut();
    assertThat(cut.keySet())
        .containsExactly(
            "META-INF/MANIFEST.MF",
            BASE + "$Module.class",
            BASE + "$Module.txt",
            NPM,
            BASE + "vpc/Vpc$Builder.class",
            BASE + "vpc/Vpc.class",
            BASE + "vpc_endpoint/VpcEndpoint.class");
    assertThat(text(cut.get(BASE + "$Module.txt")))
        .isEqualTo(type("vpc", "vpc", "Vpc") + type("vpcEndpoint", "vpc_endpoint", "VpcEndpoint"));
  }

  @Test
  void keeps_their_scripts_and_the_licence_and_loads_each_at_its_first_use() throws Exception {
    Map<String, String> files = unpacked(cut().get(NPM));
    assertThat(files)
        .containsOnlyKeys(
            "package/.jsii",
            "package/LICENSE",
            "package/package.json",
            "package/lib/index.js",
            "package/lib/vpc/index.js",
            "package/lib/vpc/structs/index.js",
            "package/lib/vpc-endpoint/index.js")
        .containsEntry("package/LICENSE", "Mozilla Public License")
        .containsEntry("package/lib/vpc/index.js", "const s = require('./structs');\n")
        .containsEntry(
            "package/lib/index.js",
            "// lazy\n" + lazy("vpc", "vpc") + lazy("vpcEndpoint", "vpc-endpoint"));
  }

  @Test
  void keeps_what_jsii_reads_of_their_types_at_run_time() throws Exception {
    JsonNode jsii = new ObjectMapper().readTree(unpacked(cut().get(NPM)).get("package/.jsii"));
    assertThat(jsii)
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"name": "@cdktf/provider-aws", "fingerprint": "**********",
                     "submodules": {
                       "@cdktf/provider-aws.vpc": {"symbolId": "src/vpc/index:"},
                       "@cdktf/provider-aws.vpcEndpoint": {"symbolId": "src/vpc-endpoint/index:"}},
                     "types": {
                       "@cdktf/provider-aws.vpc.Vpc": {
                         "base": "cdktf.TerraformResource", "kind": "class",
                         "properties": [{"name": "docs",
                           "type": {"fqn": "@cdktf/provider-aws.vpcEndpoint.VpcEndpoint"}}]},
                       "@cdktf/provider-aws.vpcEndpoint.VpcEndpoint": {"kind": "class"}},
                     "version": "1.0.0"}
                    """));
  }

  /** The class data archive knows the jars by their dates. */
  @Test
  void makes_the_same_bytes_of_the_same_input_and_leaves_alone_what_is_right() throws Exception {
    cut();
    Path made = folder.resolve("lib/cut.jar");
    byte[] bytes = Files.readAllBytes(made);
    var date = Files.getLastModifiedTime(made);
    cut();
    assertThat(Files.getLastModifiedTime(made)).isEqualTo(date);
    Files.delete(made);
    Files.setLastModifiedTime(
        folder.resolve("classes/Program.class"), java.nio.file.attribute.FileTime.fromMillis(0));
    run(Map.of("TZ", "Asia/Tokyo", "LC_ALL", "C")).succeeded();
    assertThat(made).hasBinaryContent(bytes);
    assertThat(folder.resolve("lib")).isDirectoryNotContaining("glob:**.new");
  }

  @Test
  void a_module_that_the_provider_does_not_have_is_named() throws Exception {
    program("calls " + BASE + "vpn/Vpn");
    assertFails("it has no classes of the module vpn, which the program uses");
  }

  @Test
  void a_program_that_uses_no_module_is_a_mistake() throws Exception {
    program("calls nothing");
    assertFails("no class below " + folder.resolve("classes") + " uses it");
  }

  @Test
  void types_that_are_listed_in_another_form_are_not_guessed_at() throws Exception {
    jar.put(BASE + "$Module.txt", "vpc -> Vpc\n");
    assertFails("its " + BASE + "$Module.txt has a line of another form: vpc -> Vpc");
  }

  @Test
  void a_type_that_refers_to_one_that_is_cut_off_is_named() throws Exception {
    npm.computeIfPresent(
        "package/.jsii",
        (name, text) ->
            text.replace("cdktf.TerraformResource", "@cdktf/provider-aws.lambda.Lambda"));
    assertFails("its .jsii has a type that refers to @cdktf/provider-aws.lambda.Lambda");
  }

  @Test
  void a_type_that_jsii_does_not_describe_is_named() throws Exception {
    npm.computeIfPresent(
        "package/.jsii", (name, text) -> text.replace("aws.vpc.Vpc\"", "aws.vpc.Wpc\""));
    assertFails("its .jsii does not describe @cdktf/provider-aws.vpc.Vpc");
  }

  @Test
  void a_script_that_requires_one_that_is_cut_off_is_named() throws Exception {
    npm.put("package/lib/vpc/index.js", "const lambda = require('../lambda');");
    assertFails("its package/lib/vpc/index.js requires package/lib/lambda, which is cut off");
  }

  @Test
  void an_index_that_does_not_have_a_module_is_named() throws Exception {
    npm.put("package/lib/lazy-index.js", lazy("vpc", "vpc"));
    assertFails("its lib/lazy-index.js does not export vpcEndpoint");
  }

  @Test
  void an_npm_package_without_its_parts_is_refused() throws Exception {
    npm.remove("package/LICENSE");
    assertFails("its npm package has no LICENSE");
    npm.remove("package/.jsii");
    assertFails("its npm package has no .jsii, or no lib/lazy-index.js");
  }

  @Test
  void a_jar_that_is_none_is_named() throws Exception {
    Files.writeString(folder.resolve("whole.jar"), "no zip file");
    Run run = run(Map.of()).ended(1);
    assertThat(run.err())
        .contains("whole.jar cannot be cut: java.util.zip.ZipException")
        .hasLineCount(1);
  }

  private void assertFails(String reason) throws Exception {
    pack();
    Run run = run(Map.of()).ended(1);
    assertThat(run.err())
        .startsWith("CutProvider: " + folder.resolve("whole.jar") + " cannot be cut: " + reason);
    assertThat(run.err()).hasLineCount(1);
    assertThat(folder.resolve("lib")).doesNotExist();
  }

  private Map<String, byte[]> cut() throws Exception {
    pack();
    run(Map.of()).succeeded();
    Map<String, byte[]> files = new TreeMap<>();
    try (ZipFile zip = new ZipFile(folder.resolve("lib/cut.jar").toFile())) {
      for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(ZipEntry.class::cast)::iterator) {
        try (InputStream in = zip.getInputStream(entry)) {
          files.put(entry.getName(), in.readAllBytes());
        }
      }
    }
    return files;
  }

  private Run run(Map<String, String> environment) throws Exception {
    return Run.of(
        folder,
        environment,
        Path.of(System.getProperty("java.home"), "bin/java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-cp",
        compiled + java.io.File.pathSeparator + jackson(),
        "CutProvider",
        folder.resolve("whole.jar").toString(),
        folder.resolve("classes").toString(),
        folder.resolve("lib/cut.jar").toString());
  }

  private static String jackson() {
    return Path.of(
            java.net.URI.create(
                JsonFactory.class.getProtectionDomain().getCodeSource().getLocation().toString()))
        .toString();
  }

  private void program(String text) throws IOException {
    Path classes = Files.createDirectories(folder.resolve("classes"));
    Files.writeString(classes.resolve("Program.class"), text);
    Files.writeString(classes.resolve("other.txt"), BASE + "lambda/Lambda");
  }

  /** The whole jar, its npm package packed by tar itself. */
  private void pack() throws Exception {
    Path npmFolder = folder.resolve("npm");
    for (Map.Entry<String, String> file : npm.entrySet()) {
      Path path = npmFolder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    List<String> tar = new ArrayList<>(List.of("tar", "--format=ustar", "-czf", "../npm.tgz"));
    tar.addAll(npm.keySet());
    Run.of(npmFolder, Map.of(), tar).succeeded();
    try (ZipOutputStream zip =
        new ZipOutputStream(Files.newOutputStream(folder.resolve("whole.jar")))) {
      for (Map.Entry<String, String> file : jar.entrySet()) {
        zip.putNextEntry(new ZipEntry(file.getKey()));
        zip.write(file.getValue().getBytes(StandardCharsets.UTF_8));
      }
      zip.putNextEntry(new ZipEntry(NPM));
      zip.write(Files.readAllBytes(folder.resolve("npm.tgz")));
    }
  }

  /** By tar itself, too. */
  private Map<String, String> unpacked(byte[] tgz) throws Exception {
    Path to = Files.createDirectories(folder.resolve("unpacked"));
    Files.write(folder.resolve("cut.tgz"), tgz);
    Run.of(to, Map.of(), "tar", "-xzf", "../cut.tgz").succeeded();
    Map<String, String> files = new TreeMap<>();
    try (var paths = Files.walk(to)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        files.put(to.relativize(path).toString(), Files.readString(path));
      }
    }
    return files;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static String type(String submodule, String module, String name) {
    return "@cdktf/provider-aws.%s.%s=%s%s.%s%n"
        .formatted(submodule, name, BASE.replace('/', '.'), module, name);
  }

  private static String lazy(String name, String path) {
    return "Object.defineProperty(exports, '%s', { get: function () { return require('./%s'); } });%n"
        .formatted(name, path);
  }
}
