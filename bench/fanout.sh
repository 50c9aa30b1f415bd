#!/usr/bin/env bash
# Changes to many screens: WebSocket subscribers of one topic, one change at a time and 16 in flight, against the limit (a loop of sends and
# nothing else) and what people use for it: nginx with nchan (server-sent events too), and a small server of Node's `ws`. Messages are as long as
# ours over WebSocket in the same round. The server has a core of its own, the load the others. Deliveries per second of processor time: against the limit, of our thread that sends (it takes the requests too; what a change costs
# before - a durable booking, its feed and its board - is in "all threads"); the peers count as whole processes and are compared with all our threads.
#
#   [ROUNDS=5 SECONDS_EACH=2 SUBSCRIBERS="1000 10000"] bench/fanout.sh
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-2} subscribers=${SUBSCRIBERS:-1000 10000}
load="taskset -c 1-$(($(nproc) - 1)) build/bench/fanout --seconds $seconds"
ws=build/peers/ws nchan=/usr/lib/nginx/modules/ngx_nchan_module.so
nginx="/usr/sbin/nginx -p $scratch/nginx -c nginx.conf -e error.log"

as_root=
[ "$(id -u)" = 0 ] || as_root='sudo -n'
install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1"; }

# prepare NAME: what the peer needs, installed if it is missing.
prepare_nchan() {
  if [ ! -x /usr/sbin/nginx ]; then
    install nginx || return
    $as_root systemctl disable --now nginx || true # no web server of the machine's own
    $as_root /usr/sbin/nginx -t || return          # makes the directories that are compiled in
  fi
  [ -f $nchan ] || install libnginx-mod-nchan || return
  nchan_port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  mkdir -p "$scratch/nginx" && chmod 755 "$scratch" # its worker is a user of its own when we are root
  cat >"$scratch/nginx/nginx.conf" <<CONF
load_module $nchan;
daemon off;
pid nginx.pid;
worker_processes 1;
worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_body_buffer_size 64k;
  keepalive_requests 1000000000;
  nchan_shared_memory_size 256m;
  server {
    listen 127.0.0.1:$nchan_port backlog=1024;
    location = /sub { nchan_subscriber; nchan_channel_id all; nchan_subscriber_first_message newest; }
    location = /pub { nchan_publisher http; nchan_channel_id all; nchan_message_buffer_length 64; }
  }
}
CONF
  $nginx -t
}

prepare_ws() {
  mkdir -p $ws && cp bench/peers/ws/* $ws/
  [ -d $ws/node_modules ] || npm --prefix $ws install --loglevel=error --no-audit --no-fund
}

# start NAME: sets $server_pid, $port and $options (of the load).
start_ours() {
  fresh_venue sqlite
  start_server "$url" --conns-per-address 0
  taskset -acp 0 "$server_pid" >/dev/null
  options="--thread reactor --slotcast $(sql "$url" "SELECT id FROM service WHERE name='Class'")"
}

start_ours_sse() { start_ours && options="$options --sse"; }

start_limit() { start_pinned build/bench/raw_fanout && options="--bytes $bytes"; }

start_ws() { start_pinned node $ws/server.mjs && options="--bytes $bytes"; }

start_nchan() {
  taskset -c 0 $nginx &
  server_pid=$! port=$nchan_port options="--bytes $bytes"
  until pgrep -P $server_pid >/dev/null; do kill -0 $server_pid; sleep 0.05; done
}

start_nchan_sse() { start_nchan && options="$options --sse"; }

# ratio OURS OTHER COLUMN: of the three that are kept of each round.
ratio() { paste -d' ' "$scratch/$1" "$scratch/$2" | awk -v at="$3" '{print $at / $(at + 3)}' | median; }

say_machine "server on core 0, load on the others; SQLite"
names="ours limit"
for peer in nchan ws; do
  if prepare_$peer >"$scratch/install.log" 2>&1; then
    names="$names $peer"
    [ $peer != nchan ] || names="$names ours_sse nchan_sse"
  else
    echo "peer $peer: not available here: $(grep -m 1 -E "^E:|emerg|rror|sudo:" "$scratch/install.log")"
  fi
done
for count in $subscribers; do
  for flight in 1 16; do
    echo "# $count subscribers, $flight in flight: $load --subscribers $count --flight $flight --slotcast SERVICE | --bytes AS-LONG"
    for name in $names; do : >"$scratch/$name"; done
    for round in $(seq "$rounds"); do
      for name in $names; do
        "start_$name"
        pid=$(pgrep -P "$server_pid" || echo "$server_pid") # nginx has a worker, the others send themselves
        # shellcheck disable=SC2086 # words
        line=$($load --port "$port" --pid "$pid" --subscribers "$count" --flight "$flight" $options)
        stop_server
        echo "$count.$flight $round $name: $line"
        [ "$name" != ours ] || bytes=$(($(figure "$line" 'messages of') - 4))
        echo "$(figure "$line" 'per core') $(figure "$line" 'all threads') $(figure "$line" 'the clock')" >>"$scratch/$name"
      done
    done
    for name in $names; do
      echo "$count.$flight $name: median $(cut -d' ' -f2 "$scratch/$name" | median) deliveries/s of processor time," \
        "$(cut -d' ' -f3 "$scratch/$name" | median) by the clock"
    done
    [ "$flight" = 1 ] && way=single || way=flight_$flight
    goal "fanout.$count.flight_$flight" "$(ratio ours limit 1)" '>=' "$([ "$flight" = 1 ] && echo 0.95 || echo none)"
    for name in $names; do
      case $name.$way in
      nchan*.single) least=1.4 ;; nchan*) least=10 ;; ws.single) least=2 ;; ws.*) least=20 ;; *) continue ;;
      esac
      case $name in *_sse) ours=ours_sse ;; *) ours=ours ;; esac
      goal "fanout.$name.$count.$way" "$(ratio $ours "$name" 2)" '>=' "$least"
    done
  done
done
