"""Writes each YAML example of docs/pipelines as a complete document: documents.py FOLDER

A document is FOLDER/SCHEMA/PAGE-LINE.yml, where LINE is the line of the page at which the example begins. Examples that are
only a part of a document are put into the smallest complete one.
"""

import pathlib
import re
import sys

GITHUB = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n"
DRONE = "kind: pipeline\ntype: docker\nname: part\n"
# The schema of each page, and for an example with only these keys: the text before it, and its indentation.
PAGES = {
    "azure-pipelines": ("azure-pipelines", {}),
    "bitbucket-pipelines": ("bitbucket-pipelines", {}),
    "buildkite": ("buildkite", {("env",): ("steps: [wait]\n", 0)}),
    "circleci": ("circle-ci", {("jobs",): ("version: 2.1\n", 0)}),
    "cloud-build": ("cloudbuild", {}),
    "drone": ("drone-ci", {("steps",): (DRONE, 0), ("steps", "volumes"): (DRONE, 0)}),
    "gitea-forgejo": ("github-workflows", {("steps",): (GITHUB, 4), ("env", "steps"): (GITHUB, 4)}),
    "github-actions": ("github-workflows", {("steps",): (GITHUB, 4), ("env", "steps"): (GITHUB, 4)}),
    "gitlab-ci": ("gitlab-ci", {}),
    "travis-ci": ("travis", {}),
    "woodpecker": ("woodpecker-ci", {}),
}
# The examples of these pages are not YAML, or check-jsonschema has no schema of the provider.
WITHOUT = {
    "appveyor": "check-jsonschema has no schema of AppVeyor",
    "codebuild": "check-jsonschema has no schema of CodeBuild",
    "jenkins": "a Jenkinsfile is Groovy",
    "semaphore": "check-jsonschema has no schema of Semaphore",
    "teamcity": "the settings are Kotlin",
}


def main(folder, root):
    for page in sorted((root / "docs/pipelines").glob("*.md")):
        name, text = page.stem, page.read_text()
        if name in WITHOUT:
            print(f"left out: docs/pipelines/{page.name}: {WITHOUT[name]}")
            continue
        if name == "README":
            continue
        schema, wraps = PAGES[name]
        for block in re.finditer(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            example = block.group(1)
            keys = tuple(re.findall(r"^([a-z]+):", example, re.MULTILINE))
            before, indentation = wraps.get(keys, ("", 0))
            example = re.sub(r"^(?=.)", " " * indentation, example, flags=re.MULTILINE)
            write(folder, schema, f"{name}-{text.count(chr(10), 0, block.start()) + 1}", before + example)
    # The first document of a component declares its inputs, for which there is no schema.
    template = (root / "integrations/gitlab/templates/deploytrack.yml").read_text()
    write(folder, "gitlab-ci", "component", template.split("\n---\n")[1])


def write(folder, schema, name, text):
    path = folder / schema / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


main(pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parents[2])
