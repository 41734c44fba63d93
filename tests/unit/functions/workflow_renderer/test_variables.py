"""What a container's variable may hold, by what the workflow's scripts do with it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.workflow_renderer.checking import findings
from functions.workflow_renderer.errors import TemplateInvalid, UnsafeValue
from functions.workflow_renderer.rendering import render
from tests.unit.functions.workflow_renderer.manifests import START, alert, first

ATTACK = "BASH_VERSINFO[$(id)0]".replace("$(", "$ (")
"""Runs a command where it is computed; the blank keeps it from being an expansion of the kubelet's."""


def container(script: str, value: str = "{{ v }}", shell: str = "bash") -> str:
    """A workflow whose one container runs a script, with a variable V."""
    command = json.dumps([shell, "-c", script.replace("{{", '{{ "{{" }}')])
    return f"{START}    container: {{image: x, command: {command}, env: [{{name: V, value: '{value}'}}]}}\n"


COMPUTED = [
    "(( V > 5 ))",
    "(( $V > 5 ))",
    "echo $((V+1))",
    'echo "$(( ${V} * 2 ))"',
    "echo $[V]",
    '[[ "$V" -gt 90 ]]',
    "[[ $V -le 90 ]]",
    "[[ 90 -lt V ]]",
    "[[ -n x && $V -eq 1 ]]",
    "[[ -v $V ]]",
    'test -v "$V"',
    "let n=V",
    "let 'n = V + 1'",
    'declare -i n="$V"',
    'declare -i n; n="$V"',
    'f() { local -i n="$1"; }; f "$V"',
    'a["$V"]=1',
    "a[V]=1",
    "echo ${a[V]}",
    'unset "a[$V]"',
    'printf -v "$V" x',
    'read "$V"',
    "echo ${x:$V}",
    'echo "${x:0:V}"',
    "for ((i=0; i<V; i++)); do :; done",
    "n=$V; (( n > 5 ))",
    'n="${V%\\%}"; [[ $n -gt 5 ]]',
    "n=${V:-5}; (( n ))",
    "n=$(echo $V); (( n ))",
    'n=$(printf "%s" "$V" | tr -d %); (( n ))',
    "n=`echo $V`; (( n ))",
    'read n <<< "$V"; (( n ))',
    "read n <<END\n$V\nEND\n(( n ))",
    'echo "$V" | while read n; do (( n )); done',
    'while read n; do (( n )); done < <(echo "$V")',
    "for n in $V; do (( n )); done",
    'f() { (( $1 )); }; f "$V"',
    'f() { shift; (( $1 )); }; f a "$V"',
    'set -- "$V"; (( $1 ))',
    "declare -n r=V; (( r ))",
    "n=V; (( n ))",
    "sh -c '(( V ))'",
    "nsenter -t 1 -m -- bash -c '[[ $V -gt 5 ]]'",
    "eval '(( V ))'",
    "trap '(( V ))' EXIT",
    "bash -c '(( $1 ))' bash \"$V\"",
    "n=$(printenv V); (( n ))",
    "if true; then\n  (( V \\\n > 5 ))\nfi",
    'echo "${!V}"',
]


@pytest.mark.parametrize("script", COMPUTED)
def test_a_variable_that_is_computed_holds_numbers_alone(script: str) -> None:
    manifest = container(script)
    assert findings(manifest).problems == []
    assert render(manifest, alert(v="95"))
    assert render(manifest, alert(v="7.25"))
    for value in (ATTACK, "V", "HOME", "a[0]", "1+1", "", "0x1f", "1 2"):
        with pytest.raises(UnsafeValue, match=r"env\[0\]\.value: the value of v is no number"):
            render(manifest, alert(v=value))


CODE = [
    'eval "$V"',
    "eval echo $V",
    'sh -c "$V"',
    'sh -c "echo $V"',
    'sh -c \\\n "$V"',
    'bash -c -- "$V"',
    "sh -c 'echo '\"$V\"",
    'bash <<< "$V"',
    "sh <<END\necho $V\nEND",
    'echo "$V" | sh',
    'echo "$V" | sudo bash -s',
    'echo "$V" | cat | sh',
    '{ echo "$V"; } | sh',
    'echo "$V" | xargs sh -c',
    "echo \"$V\" | xargs -I{} sh -c 'echo {}'",
    'echo "$V" | python3',
    'trap "$V" EXIT',
    'trap "echo $V" EXIT',
    'source "$V"',
    '. "$V"',
    'env -S "$V"',
    '"$V"',
    "$V x",
    'x="$V"; eval "$x"',
    'x=$(echo "$V"); sh -c "$x"',
    'f() { eval "$1"; }; f "$V"',
    'ssh host "echo $V"',
    "ssh -p 22 host echo $V",
    'su -c "$V"',
    'watch "$V"',
    'python3 -c "print($V)"',
    'perl -e "$V"',
    'awk "{ print $V }"',
    'sed "s/a/$V/" f',
    'sed -e "s/a/$V/" f',
    'find . -exec sh -c "$V" \\;',
    'kubectl exec x -- sh -c "$V"',
    'docker run x sh -c "echo $V"',
    'chroot /host sh -c "$V"',
    'nsenter -t 1 -- sh -c "$V"',
    'timeout 5 bash -c "$V"',
    'echo "${V@P}"',
    'alias x="$V"',
    'export "$V"',
    'env "$V" sh',
    "eval 'eval \"$V\"'",
    "sh -c 'eval $V'",
]


@pytest.mark.parametrize("script", CODE)
@pytest.mark.parametrize("value", ["95", "a b"])
def test_a_variable_that_is_read_as_code_makes_the_template_invalid(script: str, value: str) -> None:
    manifest = container(script)
    (problem, *_) = findings(manifest).problems
    assert "would be read as code" in problem
    with pytest.raises(TemplateInvalid, match="would be read as code"):
        render(manifest, alert(v=value))


SPLIT = [
    "kubectl cordon $V",
    "echo ${V}",
    "for n in $V; do echo a; done",
    "rm $(echo $V)",
    'x="$V"; kubectl cordon $x',
    "echo ${V:-x}",
    "zsh -c 'echo'; echo $V",
]


@pytest.mark.parametrize("script", SPLIT)
def test_a_variable_that_is_split_into_words_holds_one_word(script: str) -> None:
    manifest = container(script)
    assert render(manifest, alert(v="dev1"))
    with pytest.raises(UnsafeValue, match=r'and a script splits \$V into words: write "\$V"'):
        render(manifest, alert(v="x --selector=a"))


TEXT = [
    'echo "$V"',
    'kubectl annotate node x "note=$V"',
    'x="$V"; echo "$x"',
    'x=$V; echo "$x"',
    'export V; echo "${V}"',
    '[ "$V" = x ] && [[ "$V" == *x* ]] && echo y',
    '[ "$V" -gt 90 ] && echo y',
    'case "$V" in a*) echo a;; *) echo b;; esac',
    'echo "$V" | tr a b | grep -c x',
    'echo "$V" > /tmp/x',
    "cat <<END > /tmp/x\n$V\nEND",
    "cat <<'END'\n$((V)) `V`\nEND",
    'f() { echo "$1"; }; f "$V"; (( n > 1 ))',
    'f() { echo "$1"; (( $2 )); }; f "$V" 5',
    'n=$(kubectl get node "$V" -o name | wc -l); (( n > 0 ))',
    'n=$(date -d "$V" +%s); (( n > 0 ))',
    'python3 notify.py "$V"',
    "awk -v x=\"$V\" '{ print x }' f",
    "jq -n --arg text \"$V\" '{text: $text}'",
    'curl -d "text=$V" https://example.org',
    'ssh "$V" uptime',
    'ssh -o BatchMode=yes "$V" uptime',
    'xargs kubectl get "$V" < f',
    'echo "$(date) $V" | tee -a /tmp/x',
    'x=`date`; echo "$V"',
    'if [[ -z "$V" ]]; then exit 1; fi',
    '(( VOLUME > 5 )); echo "$V"',
    'echo "${V//a/b} ${V%%x} ${#V} ${V^^}"',
]


@pytest.mark.parametrize("script", TEXT)
def test_any_other_variable_holds_any_text(script: str) -> None:
    manifest = container(script)
    assert findings(manifest).problems == []
    for value in ("a b; c", ATTACK, "", "'\"\\ `x` *"):
        assert first(render(manifest, alert(v=value)))["container"]["env"][0]["value"] == value


UNREADABLE = ["coproc cat; echo $V", "x=$(case a in a) echo $V;; esac)", "echo 'a $V", "if true; then echo $V"]


@pytest.mark.parametrize("script", UNREADABLE)
def test_a_variable_of_a_script_that_cannot_be_read_holds_one_word(script: str) -> None:
    manifest = container(script)
    assert render(manifest, alert(v="dev1"))
    with pytest.raises(UnsafeValue, match="and a script with V in it "):
        render(manifest, alert(v=ATTACK))


@pytest.mark.parametrize("shell", ["zsh", "ksh"])
def test_so_does_one_of_a_script_for_another_shell(shell: str) -> None:
    with pytest.raises(UnsafeValue, match=f"and a script with V in it is for {shell}"):
        render(container('[ "$V" -gt 5 ]', shell=shell), alert(v=ATTACK))


ELSEWHERE: dict[str, dict[str, Any]] = {
    "a default of all templates": {
        "templateDefaults": {"container": {"env": [{"name": "V", "value": "{{ v }}"}]}},
        "templates": [{"name": "start", "script": {"image": "x", "command": ["bash"], "source": "SCRIPT"}}],
    },
    "a script in the defaults": {
        "templateDefaults": {"script": {"image": "x", "command": ["bash"], "source": "SCRIPT"}},
        "templates": [{"name": "start", "container": {"image": "x", "env": [{"name": "V", "value": "{{ v }}"}]}}],
    },
    "an init container": {
        "templates": [
            {
                "name": "start",
                "initContainers": [
                    {
                        "name": "i",
                        "image": "x",
                        "command": ["sh", "-c", "SCRIPT"],
                        "env": [{"name": "V", "value": "{{ v }}"}],
                    }
                ],
            }
        ]
    },
    "a sidecar": {
        "templates": [
            {
                "name": "start",
                "sidecars": [
                    {
                        "name": "i",
                        "image": "x",
                        "args": ["-c", "SCRIPT"],
                        "env": [{"name": "V", "value": "{{ v }}"}],
                    }
                ],
            }
        ]
    },
    "a probe": {
        "templates": [
            {
                "name": "start",
                "container": {
                    "image": "x",
                    "env": [{"name": "V", "value": "{{ v }}"}],
                    "readinessProbe": {"exec": {"command": ["sh", "-c", "SCRIPT"]}},
                },
            }
        ]
    },
    "a command in a pod's patch": {
        "podSpecPatch": json.dumps({"containers": [{"name": "main", "command": ["sh", "-c", "SCRIPT"]}]}),
        "templates": [{"name": "start", "container": {"image": "x", "env": [{"name": "V", "value": "{{ v }}"}]}}],
    },
    "an artifact": {
        "templates": [
            {
                "name": "start",
                "inputs": {"artifacts": [{"name": "a", "path": "/a", "raw": {"data": "#!/bin/bash\nSCRIPT"}}]},
                "container": {"image": "x", "command": ["/a"], "env": [{"name": "V", "value": "{{ v }}"}]},
            }
        ]
    },
}


def workflow(spec: dict[str, Any], script: str) -> str:
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"entrypoint": "start", **spec}}
    return json.dumps(body).replace(
        "SCRIPT", json.dumps(json.dumps(script)[1:-1])[1:-1] if "Patch" in str(spec) else json.dumps(script)[1:-1]
    )


@pytest.mark.parametrize("spec", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_one_container_does_counts_for_the_whole_workflow(spec: dict[str, Any]) -> None:
    computing = workflow(spec, "(( V > 5 ))")
    assert findings(computing).problems == []
    assert render(computing, alert(v="95"))
    with pytest.raises(UnsafeValue, match="is no number, and a script computes with V"):
        render(computing, alert(v=ATTACK))
    assert "would be read as code" in findings(workflow(spec, 'eval "$V"')).problems[0]
    expanded = workflow(spec, "echo $(V)")
    with pytest.raises(UnsafeValue, match="has other characters"):
        render(expanded, alert(v="x; id"))


def test_a_variable_in_a_pods_patch_is_one_too() -> None:
    patch = json.dumps({"containers": [{"name": "main", "env": [{"name": "V", "value": "{{ v }}"}]}]})
    templates = [{"name": "start", "script": {"image": "x", "command": ["bash"], "source": "(( V > 5 ))"}}]
    manifest = workflow({"podSpecPatch": patch, "templates": templates}, "")
    assert render(manifest, alert(v="95"))
    with pytest.raises(UnsafeValue, match="podSpecPatch: the value of v is no number, and a script computes with V"):
        render(manifest, alert(v="HOME"))


@pytest.mark.parametrize(
    ("script", "value", "problem"),
    [
        ('rm -rf "/data/$V"', "..", "as a part of a path"),
        ('rm -rf /data/"$V"/*', ".", "as a part of a path"),
        ("rm -rf /data/${V}/*", "", "empty part of a path"),
        ('curl "https://$V.internal/x"', "evil.com/x", "inside the name of a host"),
        ('kubectl delete pods --field-selector=spec.nodeName="$V"', "", "is empty, and would select everything"),
        ('kubectl delete pods -l "$V"', "", "is empty, and would select everything"),
        ('curl -d "$V" https://example.org', "@/etc/shadow", "names a file to read"),
    ],
)
def test_a_variable_means_the_same_where_the_script_has_it(script: str, value: str, problem: str) -> None:
    assert render(container(script), alert(v="dev1"))
    with pytest.raises(UnsafeValue, match=problem):
        render(container(script), alert(v=value))


@pytest.mark.parametrize("value", ["--selector=kubernetes.io/os!=plan9", "-", "-5", "--"])
def test_a_variable_does_not_begin_like_an_option(value: str) -> None:
    script = 'kubectl cordon -- "$V"'
    with pytest.raises(UnsafeValue, match="begins with -, like an option; pipe it through text"):
        render(container(script), alert(v=value))
    assert render(container(script, "{{ v | text }}"), alert(v=value))
    with pytest.raises(UnsafeValue, match="is no name"):
        render(container(script, "{{ v | name }}"), alert(v=value))


@pytest.mark.parametrize("value", ["-5", "-7.5"])
def test_a_computed_variable_takes_a_sign_where_any_text_is_meant(value: str) -> None:
    assert render(container("(( V > 5 ))", "{{ v | text }}"), alert(v=value))


@given(st.text(alphabet="ab[]$(){}+-*/<>=`'\" \n;V", max_size=12))
def test_no_text_but_a_number_is_computed(value: str) -> None:
    with pytest.raises(UnsafeValue):
        render(container("(( V > 5 ))", "{{ v | text }}"), alert(v=value))
