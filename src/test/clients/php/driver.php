<?php
// Writes through what `rediform client` printed until the stop file is there: see ../python/driver.py.
// usage: REDIS_PASSWORD=… php driver.php LIBRARY SNIPPET STOP

const PAUSE_MICROS = 10000;
[, $library, $file, $stop] = $argv;
if ($library === 'predis') {
    require 'Predis/autoload.php';
}
require $file;

function say(string $line): void
{
    fwrite(STDOUT, str_replace("\n", ' ', $line) . "\n");
}

$client = null;
$write = function (string $key, int $value) use ($library, &$client) {
    // A process of PHP that lives long: after an error it connects again, as the snippet says.
    $client = $client ?? ($library === 'predis' ? redis_client() : redis_master());
    try {
        return (string) $client->set($key, $value);
    } catch (RedisException $e) {
        $client = null;
        throw $e;
    }
};
for ($number = 1; !file_exists($stop); $number++) {
    clearstatcache();
    $key = "client:$library:$number";
    try {
        $answer = $write($key, $number);
        say(in_array($answer, ['1', 'OK']) ? "ok $key" : "failed $answer");
    } catch (Exception $e) {
        say('failed ' . get_class($e) . ' ' . $e->getMessage());
    }
    usleep(PAUSE_MICROS);
}
if ($library === 'predis') {
    // Only what is known to read goes to a replica; ROLE is not.
    say('read ' . $client->info('replication')['Replication']['role']);
} else {
    say('read ' . redis_replica()->role()[0]);
}
