# Writes through what `rediform client` printed until the stop file is there: see ../python/driver.py.
# usage: REDIS_PASSWORD=… ruby driver.rb LIBRARY SNIPPET STOP
PAUSE = 0.01
library, file, stop = ARGV
$stdout.sync = true
load file

number = 0
until File.exist?(stop)
  number += 1
  key = "client:#{library}:#{number}"
  begin
    puts MASTER.set(key, number) == 'OK' ? "ok #{key}" : 'failed'
  rescue Redis::BaseError => e
    puts "failed #{e.class} #{e.message.lines.first}"
  end
  sleep PAUSE
end
puts "read #{REPLICA.call('ROLE')[0]}"
