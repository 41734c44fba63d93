"""Scripts with a quoted value in them, Q: those in which it is data, and those in which it may be more."""

DATA = r"""
echo Q
echo before Q after
echo --name=Q
echo pre'fix'Q"post"
printf '%s\n' Q
printf '%s %s\n' Q Q
kubectl cordon Q
kubectl -n monitoring get pod Q -o name
kubectl annotate --overwrite node x aegis.io/note=Q
kubectl get pods --field-selector=spec.nodeName=Q
kubectl get pods --field-selector spec.nodeName=Q
kubectl delete pod -n Q x
kubectl -n Q rollout restart deployment/Q
kubectl cordon -- Q
timeout 60 kubectl drain Q --ignore-daemonsets
sudo kubectl cordon Q
exec kubectl cordon Q
chroot /host systemctl restart Q
nsenter -t 1 -m -- systemctl restart Q
systemctl restart Q
curl -s -d text=Q https://example.org/notify
curl -sS https://example.org/api/Q
[ Q = x ] && echo same
[ ! -n Q ]
test -z Q
if [ Q = x ]; then echo y; fi
rm -rf /data/Q/*
grep -c Q /etc/hosts
logger Q; sleep 1
mkdir -p /tmp/Q
x=Q
x=Q; echo "$x"
x=Q; kubectl cordon "$x"
x=Q; kubectl cordon "${x}"
NODE=Q; kubectl cordon "$NODE"
ALERT_NAME=Q; echo "alert $ALERT_NAME"
x="a "Q" b"; echo "$x"
x=$(echo Q); echo "$x"
x=$(echo Q | tr a b); echo "$x"
echo "$(echo Q)"
echo Q | grep x
echo Q | cat > /dev/null
echo Q >&2
echo Q 2>/dev/null
echo Q > /dev/termination-log
if true; then echo Q; else echo Q; fi
for i in 1 2; do echo Q; done
while read l; do echo Q; done < /etc/hosts
case $x in a|b) echo Q;; *) echo no;; esac
(cd /; echo Q)
{ echo Q; }
! echo Q
true && echo Q || echo no
echo Q &
echo "lock.$$" Q
echo $$ Q
echo 'a b' "c $d" Q
echo \
 Q
echo a \
 b Q
# it's a "comment
echo Q # and another
ech\
o Q
echo $x ${y} ${z:-a} ${#x} $# $? Q
n=$(( 1 + 2 )); echo Q
echo `date` Q
cat <<END
text
END
echo Q
f() { echo "$1"; }
f a; echo Q
x=(a b); echo Q
[[ -n $HOME ]] && echo Q
set -e; echo Q
set -euo pipefail; echo Q
trap 'rm -f /tmp/x' EXIT; echo Q
nsenter -m/proc/1/ns/mnt -- sh -c 'echo 3 > /proc/sys/vm/drop_caches'; echo Q
"""
"""Each value is data there; one script for each line, but for those that go on."""

MORE = r"""
[[ Q -gt 90 ]]
[[ Q == x ]]
[[ -v Q ]]
let x=Q
let Q
declare -i x=Q
declare x=Q
typeset -i x=Q
local x=Q
arr[Q]=1
x=1 arr[Q]=1
printf -v Q x
printf -vQ x
printf Q
printf "$x" Q
test -v Q
[ -v Q ]
[ -R Q ]
[ Q ]
[ Q -a -v Q ]
[ a -o Q ]
test Q = a -o -v Q
read Q
read -p x Q
mapfile Q
readarray -C Q x
getopts Q x
wait -p Q
unset Q
unset "x[Q]"
n=Q; (( n > 5 ))
n=Q; echo $((n))
n=Q; echo $(( $n + 1 ))
n=Q; echo $[n]
n=Q; [[ $n -gt 5 ]]
n=Q; [[ "$n" -gt 5 ]]
n=Q; [[ 5 -lt n ]]
n=Q; let n+=1
n=Q; declare -i n
declare -i n; n=Q
n=Q; a[n]=5
n=Q; a[$n]=5
n=Q; echo ${a[n]}
n=Q; echo ${x:n}
n=Q; echo "${x:$n:1}"
n=Q; for ((i=0;i<n;i++)); do ls; done
n=Q; sh -c '(( n ))'
n=Q; m="$n"; (( m ))
n=Q; m="${n%x}"; (( m ))
x=Q; read y <<< "$x"; (( y ))
x=Q; echo "$x" | while read y; do (( y )); done
sh -c Q
sh -c \
 Q
sh -ec Q
bash -c -- Q
bash -o pipefail -c Q
bash --norc -c Q
/bin/sh -c Q
busybox sh -c Q
sh Q
sh -c 'eval "$1"' sh Q
sh -c "echo Q"
sh -c 'echo 'Q
eval Q
eval \
 Q
\eval Q
e\val Q
"ev"al Q
'eval' Q
ev\
al Q
eval echo Q
builtin eval Q
command eval Q
eval "$(echo Q)"
trap Q EXIT
trap -- Q EXIT
bash <<< Q
cat <<< Q
echo Q | sh
echo Q | bash -s
echo Q | sudo bash
echo Q |& sh
echo Q | cat | sh
echo Q | tee /tmp/x
echo Q | xargs sh -c
echo Q | xargs
echo Q | while read l; do eval "$l"; done
echo Q | python3
echo Q | ssh host
{ echo Q; } | sh
(echo Q) | bash
if true; then echo Q; fi | sh
for i in 1; do echo Q; done | sh
echo Q > /tmp/x; sh /tmp/x
echo Q >> ~/.bashrc
echo Q &> /tmp/x
echo Q 2> /tmp/x
exec > /tmp/x; echo Q; sh /tmp/x
{ echo Q; } > /tmp/x
echo Q > >(sh)
cat <(echo Q)
env -S Q
env x=Q sh
env Q
alias x=Q
alias echo=eval; echo Q
PS4=Q
BASH_ENV=Q
ENV=Q
IFS=Q
PATH=Q
LD_PRELOAD=Q
PROMPT_COMMAND=Q
SECONDS=Q
RANDOM=Q
KUBECONFIG=Q
HTTP_PROXY=Q
http_proxy=Q
GIT_SSH_COMMAND=Q
HISTNAME=Q
x=Q cmd
x=Q sh -c 'echo "$x"'
export x=Q
export Q
readonly x=Q
x=Q; export x
set -a; x=Q; ls
set -o allexport; x=Q
set -- Q
x=(Q)
x+=(Q)
x=(a Q b)
echo "lock.$$(Q)"
"lock.$$(Q)"
echo "Q"
echo 'Q'
echo "a $(echo "Q") b"'
echo "${x:-Q}"
echo ${x:-Q}
echo ${x:=Q}
echo ${x%Q}
echo ${x:Q}
echo ${x[Q]}
echo $((Q))
echo $((1 + Q))
echo $[Q]
((x = Q))
echo $Q
echo \Q
echo $'a'Q $'\''
echo `echo Q`
echo $(echo Q)
# Q
ls # Q
cat <<END
Q
END
cat <<'END'
Q
END
sh <<END
echo Q
END
cat <\
<END
'
END
echo Q
for i in Q; do echo "$i"; done
for i in Q; do eval "$i"; done
select i in Q; do echo "$i"; done
case Q in a) echo x;; esac
case x in Q) echo x;; esac
Q
Q x
$cmd Q
"$cmd" Q
${cmd} Q
f() { eval "$1"; }; f Q
echo() { eval "$1"; }; echo Q
x=Q; f() { eval "$x"; }; f
x=Q; eval "$x"
x=Q; echo $x
x=Q; kubectl cordon $x
x=Q; sh -c "$x"
x=Q; trap "echo $x" EXIT
x=Q; trap 'eval "$x"' EXIT
x=Q; echo "${x@P}"
x=Q; echo "${!x}"
x=Q; y=x; echo "${!y}"
x=Q; y="$x"; eval "$y"
x=Q; y=$x; (( y ))
x=Q; "$x"
x=Q; . "$x"
x=Q; bash <<< "$x"
x=Q; sh <<END
$x
END
x=Q; echo "$x" | sh
x=Q; echo "$x" > /tmp/x
x=Q; printf "$x"
x=$(echo Q); eval "$x"
x=$(echo Q | tr a b); (( x ))
x="$(eval Q)"
$(eval Q)
$(echo Q)
"$(echo Q)"
echo "$(eval Q)"
echo "$(echo Q | sh)"
echo Q; eval "$_"
echo Q; (( _ ))
coproc echo Q
source Q
. Q
. /etc/profile; echo Q
hash -p /bin/sh echo; echo Q
enable -n echo; echo Q
exec Q
exec sh -c Q
command Q
command -v Q
time sh -c Q
! eval Q
if eval Q; then :; fi
while eval Q; do :; done
true && eval Q
false || eval Q
foo=bar eval Q
( eval Q )
{ eval Q; }
f() { eval Q; }
kubectl exec x -- sh -c Q
kubectl exec x -- Q
kubectl patch node x -p Q
kubectl apply -f Q
kubectl create -f Q
kubectl annotate -f Q x=y
kubectl --kubeconfig=Q get pods
kubectl --kubeconfig Q get pods
kubectl get pods -o Q
kubectl get pods -o=Q
kubectl get pods -oQ
kubectl run x --overrides=Q
kubectl Q
kubectl Q get
kubectl --x Q get
kubectl --kubeconfig Q get x
kubectl -n Q
kubectl -n Q exec x
kubectl $verb Q
kubectl get pods Q | sh
find . -name Q
find . -exec sh -c Q \;
find . -exec Q \;
xargs Q
ssh h Q
su -c Q
watch Q
parallel Q
awk Q
awk -v x=Q '{print x}'
sed Q
sed -e Q
jq Q
perl -e Q
python3 -c Q
docker run x sh -c Q
docker exec x sh -c Q
docker run --entrypoint Q x
crictl exec x Q
nsenter -t 1 -m -- sh -c Q
nsenter -t 1 -m sh -c Q
nsenter -- Q
chroot /host sh -c Q
chroot Q ls
timeout 5 sh -c Q
timeout Q ls
sudo sh -c Q
sudo -u Q ls
nohup sh -c Q
nice sh -c Q
git -c Q log
git clone Q
tar --checkpoint-action=Q
tar xf Q
curl -K Q
curl -o Q https://example.org
curl Q
curl https://Q/
curl --data-urlencode Q https://example.org
rsync -e Q a b
helm upgrade x --set a=Q
complete -C Q x
bind Q
fc -e Q
at Q
echo Q >&3
echo a"Q
echo a'Q
echo Q)
echo Q; fi
if true; then echo Q
echo !(Q)
echo a(Q
"""
"""No value may be quoted there."""


def scripts(text: str) -> list[str]:
    """The scripts of such a list: lines that go on, in a here-document or a function, are one."""
    found: list[str] = []
    goes_on = False
    for line in text.strip().splitlines():
        if goes_on:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
        documents = found[-1].count("<END") + found[-1].count("<'END'")
        open_document = documents > found[-1].splitlines().count("END")
        begins = line.startswith(("#", "f()", "cat <\\")) and "Q" not in line
        ended = found[-1].endswith("\nEND") and "Q" not in found[-1]
        goes_on = line.endswith("\\") or open_document or begins or ended
    return found
