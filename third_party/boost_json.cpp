// Boost.JSON without its shared library: its sources, compiled once, linked by every room that reads JSON.
#include <boost/json/src.hpp>
