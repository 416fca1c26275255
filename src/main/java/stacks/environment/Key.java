package stacks.environment;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What one key of an environment file means, what it is when absent, and what it may be. The
 * reader, the JSON schema and {@code docs/environments.md} all follow this one description.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Key {
  /** Value of {@link #byDefault()} for a key that must be there. */
  String REQUIRED = "\0required";

  /** One sentence for people who edit the file. */
  String value();

  /**
   * The value of an absent key, written as in a file. Empty means an empty section, list, map or
   * {@link java.util.Optional}, whatever the type is.
   */
  String byDefault() default "";

  /** In words, what an absent {@link java.util.Optional} is taken to be. */
  String derived() default "";

  /** Smallest allowed value in the unit of the type, as in a file; empty for none. */
  String min() default "";

  /** Largest allowed value in the unit of the type, as in a file; empty for none. */
  String max() default "";

  /** Regular expression a text (or each text of a list) must match as a whole; empty for any. */
  String pattern() default "";

  /** What {@link #pattern()} allows, in words. */
  String allowed() default "";
}
