#!/bin/bash
# A kind with rules, columns, words and a controller costs nine files: adds one to a copy of the sources, counts what it touched,
# lets the generator and the compiler read it, and takes it away again.
cd "$(dirname "$0")/../.." || exit 1
files_max=9
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
git ls-files -z src include | xargs -0 cp --parents -t "$copy"
cd "$copy" || exit 1
cp -r . "$copy.before" || exit 1
trap 'rm -rf "$copy" "$copy.before"' EXIT

tab=$'\t'
kinds=src/kinds controllers=src/controllers
printf '%s\n' "coordination.k8s.io/v1${tab}Gadget${tab}gadgets${tab}gadget${tab}gd${tab}true${tab}durable${tab}${tab}${tab}create,delete,get,list,patch,update,watch${tab}all${tab}GadgetList${tab}${tab}${tab}spec${tab}${tab}" >>$kinds/kinds.tsv
cat >>$kinds/coordination_v1.schema <<END

type Gadget document=coordination.k8s.io/v1 -- Turns.
    |Name${tab}string${tab}name${tab}0${tab}metadata.name
    |Turns${tab}integer${tab}${tab}0${tab}spec.turns
    metadata                         meta/v1.ObjectMeta                           1      optional omitempty
    spec                             GadgetSpec                                   2      optional omitempty

type GadgetSpec -- How it turns.
    turns                            int32                                        1      required default=1 -- How often.
END
cat >$kinds/gadget.cpp <<'END'
#include "checks.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {
void check_gadget(const Gadget& gadget, FieldErrors& errors) {
    const Path spec("spec");
    check_not_negative(gadget.spec.turns, spec / "turns", errors);
}
Row render_gadget(const Gadget& gadget, int64_t) { return {gadget.metadata.name.view(), static_cast<int64_t>(gadget.spec.turns)}; }
}  // namespace

const KindRules gadget_rules = {
    .check = checked<Gadget, check_gadget>,
    .row = rendered<Gadget, render_gadget>,
};
}  // namespace orilla::api
END
cat >$controllers/workload/gadget_plan.hpp <<'END'
#pragma once

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {
bool plan_gadget(const api::Gadget& desired);
}  // namespace orilla::controllers
END
cat >$controllers/workload/gadget_plan.cpp <<'END'
#include "workload/gadget_plan.hpp"

namespace orilla::controllers {
bool plan_gadget(const api::Gadget& desired) { return desired.spec.turns > 0; }
}  // namespace orilla::controllers
END
cat >$controllers/workload/gadget_controller.hpp <<'END'
#pragma once

#include "controller.hpp"

namespace orilla::controllers {
class GadgetController final : public Controller {
  public:
    explicit GadgetController(const Surroundings& with);
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }

  private:
    loop::Worker worker_;
};
}  // namespace orilla::controllers
END
cat >$controllers/workload/gadget_controller.cpp <<'END'
#include "workload/gadget_controller.hpp"

#include "workload/gadget_plan.hpp"

namespace orilla::controllers {
GadgetController::GadgetController(const Surroundings& with) : Controller(with), worker_(with.loop, *this, {.name = "gadget"}) {
    follow<api::Gadget>([this](const objects::FeedEvent& event) { worker_.queue().add(key_of(event.entry->key)); });
}
loop::Task<Result<loop::Outcome>> GadgetController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const auto gadget = objects_.get<api::Gadget>(ns, name);
    co_return loop::Outcome{gadget && plan_gadget(*gadget) ? 1'000 : 0};
}
}  // namespace orilla::controllers
END
sed -i 's|#include "workload/deployment_controller.hpp"|&\n#include "workload/gadget_controller.hpp"|; s|    {"deployment", make<DeploymentController>},|&\n    {"gadget", make<GadgetController>},|' $controllers/controllers.cpp
sed -i "s|'workload/deployment_plan.cpp',|& 'workload/gadget_controller.cpp', 'workload/gadget_plan.cpp',|" $controllers/meson.build

failed=0
check() { # NUMBER NAME COMMAND...
  local number=$1 name=$2 output
  shift 2
  if output=$("$@" 2>&1); then echo "ok $number - $name"; else failed=1; printf 'not ok %d - %s\n%s\n' "$number" "$name" "$output"; fi
}
touched() { diff -rq "$copy.before" "$copy"; }
counts() { [ "$(touched | wc -l)" -eq "$files_max" ] || { touched; return 1; }; }
generates() { mkdir gen && python3 "$kinds/generate.py" "$kinds" gen && grep -q '&gadget_rules' gen/kinds.gen.cpp; }
compiles() { # reads the files, makes none
  local file
  for file in "$@"; do ${CXX:-g++} -std=c++20 -Wall -Wextra -Wno-missing-field-initializers -fsyntax-only -Igen -Iinclude -I"$kinds" -I"$controllers" "$file" || return 1; done
}
echo 1..4
check 1 "a kind with a controller touches $files_max files" counts
check 2 "the generator takes it into the table of kinds" generates
check 3 "the kind compiles: rules, types, table" compiles $kinds/gadget.cpp gen/coordination_v1.gen.cpp gen/kinds.gen.cpp
check 4 "its controller compiles, and the table of controllers" compiles $controllers/workload/gadget_{plan,controller}.cpp $controllers/controllers.cpp
exit $failed
