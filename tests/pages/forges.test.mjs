// The addresses of commits, comparisons and pipelines.

import assert from "node:assert/strict";
import { test } from "node:test";

import { commitPage, comparePage, pipelineOf, repositoryAddress } from "../../deploytrack-server/src/dashboard/forges.js";

const deployed = (repository, commitSha = "b2", more = {}) => ({ commitSha, metadata: { ci: { repository, ...more } } });

test("a remote of every form leads to the page of the repository", () => {
  for (const [repository, page] of [
    ["https://github.com/acme/api.git", "https://github.com/acme/api"],
    ["https://github.com/acme/api/", "https://github.com/acme/api"],
    ["http://git.acme.dev:3000/acme/api", "http://git.acme.dev:3000/acme/api"],
    ["git@github.com:acme/api.git", "https://github.com/acme/api"],
    ["git@gitlab.com:acme/group/api.git", "https://gitlab.com/acme/group/api"],
    ["ssh://git@git.acme.dev:2222/acme/api.git", "https://git.acme.dev/acme/api"],
    ["ssh://git.acme.dev/acme/api", "https://git.acme.dev/acme/api"],
    ["git@ssh.dev.azure.com:v3/acme/shop/api", "https://dev.azure.com/acme/shop/_git/api"],
    ["acme@vs-ssh.visualstudio.com:v3/acme/shop/api", "https://acme.visualstudio.com/shop/_git/api"],
  ]) assert.equal(repositoryAddress({ repository }), page, repository);
});

test("a token in the address of a repository is not shown", () => {
  assert.equal(repositoryAddress({ repository: "https://user:secret@github.com/acme/api.git" }), "https://github.com/acme/api");
});

test("a short name belongs to the host of its CI, and without a CI to none", () => {
  const repository = "acme/api";
  assert.equal(repositoryAddress({ repository, provider: "github-actions" }), "https://github.com/acme/api");
  assert.equal(repositoryAddress({ repository, provider: "github-actions", runUrl: "https://git.acme.dev/acme/api/actions/runs/7" }), "https://git.acme.dev/acme/api");
  assert.equal(repositoryAddress({ repository, provider: "gitea-actions", runUrl: "https://forge.dev/acme/api/actions/runs/7" }), "https://forge.dev/acme/api");
  assert.equal(repositoryAddress({ repository, provider: "jenkins", runUrl: "https://ci.dev/7" }), null);
  assert.equal(repositoryAddress({ repository }), null);
});

test("what is no address of a repository has no page", () => {
  for (const repository of [undefined, null, 7, {}, "", "data:text/html,x", "javascript:alert(1)", "/srv/git/api", "../api", "C:\\git\\api", "file:///srv/api.git"]) {
    assert.equal(repositoryAddress({ repository }), null, String(repository));
  }
  for (const metadata of [{}, { ci: null }, { ci: 7 }, { ci: "x" }, { git: [] }]) assert.equal(commitPage({ commitSha: "b2", metadata }), null);
});

test("each forge has its own page of a commit and of the commits between two", () => {
  for (const [repository, provider, commit, compare] of [
    ["https://github.com/acme/api", undefined, "commit/b2", "compare/a1...b2"],
    ["https://gitlab.com/acme/api", undefined, "-/commit/b2", "-/compare/a1...b2"],
    ["https://gitlab.acme.dev/acme/api", undefined, "-/commit/b2", "-/compare/a1...b2"],
    ["https://code.acme.dev/acme/api", "gitlab-ci", "-/commit/b2", "-/compare/a1...b2"],
    ["https://bitbucket.org/acme/api", undefined, "commits/b2", "branches/compare/b2%0Da1"],
    ["https://codeberg.org/acme/api", "forgejo-actions", "commit/b2", "compare/a1...b2"],
    ["https://gitea.acme.dev/acme/api", "gitea-actions", "commit/b2", "compare/a1...b2"],
    ["https://dev.azure.com/acme/shop/_git/api", "azure-pipelines", "commit/b2", "branchCompare?baseVersion=GCa1&targetVersion=GCb2"],
    ["https://forge.example/api", undefined, "commit/b2", "compare/a1...b2"],
  ]) {
    const [from, to] = [deployed(repository, "a1", { provider }), deployed(repository, "b2", { provider })];
    assert.equal(commitPage(to), `${repository}/${commit}`);
    assert.equal(comparePage(from, to), `${repository}/${compare}`);
  }
});

test("two commits are compared only if they differ and have one repository", () => {
  const [a, b] = [deployed("https://github.com/acme/api", "a1"), deployed("git@github.com:acme/api.git", "b2")];
  assert.equal(comparePage(a, b), "https://github.com/acme/api/compare/a1...b2");
  assert.equal(comparePage(a, a), null);
  assert.equal(comparePage(a, deployed("https://github.com/acme/web")), null);
  assert.equal(comparePage(a, deployed("https://github.com/acme/api", null)), null);
  assert.equal(comparePage(null, b), null);
});

test("a pipeline has the name of its CI and the number of its run", () => {
  const of = (ci) => pipelineOf({ metadata: { ci } });
  assert.deepEqual(of({ provider: "github-actions", runUrl: "https://github.com/acme/api/actions/runs/77" }), { address: "https://github.com/acme/api/actions/runs/77", name: "GitHub Actions #77" });
  assert.equal(of({ provider: "spinnaker", runUrl: "https://ci.dev/x" }).name, "spinnaker");
  assert.equal(of({ runUrl: "https://ci.dev/runs/7" }).name, "ci.dev #7");
  assert.deepEqual(of({ runUrl: "javascript:alert(1)" }), { address: null, name: "javascript:alert(1)" });
  assert.equal(of({ provider: "jenkins" }), null);
  assert.equal(of({ runUrl: { no: "text" } }), null);
});
