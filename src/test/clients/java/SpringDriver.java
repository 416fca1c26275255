import java.util.Map;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.data.redis.core.StringRedisTemplate;

/** Spring Boot with the printed properties; the loop is in {@link Driver}. */
@EnableAutoConfiguration
public class SpringDriver {
  public static void main(String[] words) throws Exception {
    var redis =
        new SpringApplicationBuilder(SpringDriver.class)
            .properties(Map.of("spring.main.banner-mode", "off", "logging.level.root", "off"))
            .run("--spring.config.location=file:" + words[1])
            .getBean(StringRedisTemplate.class);
    Driver.run(words[0], words[2], (key, value) -> redis.opsForValue().set(key, value), () -> "none");
  }
}
