# A new version of pay writes an error that nobody has seen before, and the old
# lines come less often. Nothing else is measured: the lines alone open the
# incident, name the deployment, and end it.
logs every 2s from 0s to 4h service=pay level=info
  order <n> paid in <n> ms
logs every 10s from 0s to 4h service=pay level=info
  cache refreshed with <n> entries
logs every 3s from 2h to 2h20m service=pay level=error
  no field amount in order <n>
# cart deployed too, and writes what it always does
logs every 2s from 0s to 4h service=cart level=info
  basket <n> stored

change at 1h57m service=cart version_to=c7 status=succeeded
change at 1h59m service=pay version_to=v42 status=succeeded

expect never 0s and 2h incident pay open
expect between 2h1m and 2h4m incident pay open
expect between 2h1m and 2h4m anomaly pay log_lines
expect between 2h1m and 2h5m message pager opened contains "no field amount in order"
expect between 2h1m and 2h6m suspect pay "v42"
expect never 2h4m and 2h25m incident pay resolved
expect between 2h30m and 3h incident pay resolved
expect never 0s and 4h incident cart open
expect total incidents = 1
